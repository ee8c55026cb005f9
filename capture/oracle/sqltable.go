package oracle

import (
	"context"
	"database/sql"
	"slices"
)

// Table implements Dictionary.
func (d *sqlDatabase) Table(ctx context.Context, owner, name string) (*Table, error) {
	t := &Table{Owner: owner, Name: name}
	var temporary string
	args := []any{owner, name}
	found, err := d.maybe(ctx, sqlTable, args, &t.Object, &temporary)
	if err != nil || !found {
		return nil, err
	}
	t.Temporary = temporary == "Y"
	if err := d.columns(ctx, t); err != nil {
		return nil, err
	}
	var key []string
	err = d.each(ctx, sqlPrimaryKey, args, func(scan func(...any) error) error {
		var column string
		err := scan(&column)
		key = append(key, column)
		return err
	})
	if err != nil {
		return nil, err
	}
	unique := map[string][]string{}
	var names []string
	err = d.each(ctx, sqlUniqueKeys, args, func(scan func(...any) error) error {
		var index, column string
		err := scan(&index, &column)
		if unique[index] == nil {
			names = append(names, index)
		}
		unique[index] = append(unique[index], column)
		return err
	})
	if err != nil {
		return nil, err
	}
	t.Key = t.positions(key)
	for _, index := range names {
		if k := t.positions(unique[index]); k != nil && !sameColumns(k, t.Key) {
			t.Unique = append(t.Unique, k)
		}
	}
	t.chooseKey()
	return t, nil
}

func sameColumns(a, b []int) bool {
	a, b = slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b))
	return slices.Equal(a, b)
}

// columns reads the columns, the hidden ones too: they have numbers in the segment.
func (d *sqlDatabase) columns(ctx context.Context, t *Table) error {
	return d.each(ctx, sqlColumns, []any{t.Owner, t.Name}, func(scan func(...any) error) error {
		var c Column
		var number, precision, scale, chars sql.NullInt64
		var nullable, hidden, virtual string
		var charset, typ sql.NullString
		err := scan(&c.Name, &number, &typ, &c.Length, &chars, &precision, &scale, &nullable, &hidden,
			&virtual, &charset)
		if err != nil {
			return err
		}
		c.Type, c.Number = typ.String, int(number.Int64)
		c.Precision, c.Scale = int(precision.Int64), int(scale.Int64)
		c.NoScale = c.Type == "NUMBER" && !precision.Valid && !scale.Valid
		if chars.Int64 > 0 {
			c.Length = int(chars.Int64)
		}
		c.National = charset.String == "NCHAR_CS"
		c.Nullable, c.Hidden, c.Virtual = nullable == "Y", hidden == "YES", virtual == "YES"
		t.Columns = append(t.Columns, c)
		return nil
	})
}

// positions finds columns by name; nil when one of them is not a plain column: the
// index is on an expression.
func (t *Table) positions(names []string) []int {
	var out []int
	for _, name := range names {
		i := slices.IndexFunc(t.Columns, func(c Column) bool { return c.Name == name })
		if i < 0 || t.Columns[i].Hidden || t.Columns[i].Virtual {
			return nil
		}
		out = append(out, i)
	}
	return out
}

// chooseKey takes the first unique key without nullable columns for the key of a table
// without primary key.
func (t *Table) chooseKey() {
	if len(t.Key) > 0 {
		return
	}
	for i, key := range t.Unique {
		if !slices.ContainsFunc(key, func(k int) bool { return t.Columns[k].Nullable }) {
			t.Key = key
			t.Unique = slices.Delete(slices.Clone(t.Unique), i, i+1)
			return
		}
	}
}
