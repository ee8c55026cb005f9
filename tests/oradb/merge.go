package oradb

// merge runs MERGE INTO t USING source ON (condition) with its two branches.
func (w *writer) merge() error {
	if err := w.expect("INTO"); err != nil {
		return err
	}
	if err := w.target("UPDATE"); err != nil {
		return err
	}
	if err := w.expect("USING"); err != nil {
		return err
	}
	if err := w.tableReference(); err != nil {
		return err
	}
	source := w.take()
	if err := w.expect("ON"); err != nil {
		return err
	}
	conditionFrom := w.at
	if err := w.parenthesis(); err != nil {
		return err
	}
	condition := w.take()
	keyed := w.namesIn(conditionFrom, w.at)
	// What an update changes is in no condition, so that rows which do not match are
	// found after it as well.
	var insert func() error
	for w.accept("WHEN") {
		not := w.accept("NOT")
		if !w.accept("MATCHED", "THEN") {
			return w.fail(905)
		}
		if not {
			run, err := w.mergeInsert(source, condition)
			if err != nil {
				return err
			}
			insert = run
			continue
		}
		if err := w.mergeUpdate(source, condition, keyed); err != nil {
			return err
		}
	}
	if insert != nil {
		return insert()
	}
	return nil
}

// take gives what was written, and forgets it.
func (w *writer) take() string {
	s := string(w.out)
	w.out = w.out[:0]
	return s
}

// namesIn are the table's columns that are named between two places, by its alias.
func (w *writer) namesIn(from, to int) map[string]bool {
	names := map[string]bool{}
	for i := from; i+2 < to; i++ {
		if w.token(i).name() && w.token(i).text == w.alias && w.token(i+1).is(".") {
			names[w.token(i+2).text] = true
		}
	}
	return names
}

func (w *writer) mergeUpdate(source, condition string, keyed map[string]bool) error {
	if !w.accept("UPDATE", "SET") {
		return w.fail(905)
	}
	w.write(w.present(w.alias))
	places, err := w.setList()
	if err != nil {
		return err
	}
	for _, n := range places {
		if name := w.t.columns[n].name; keyed[name] {
			return oraError(38104, quote(w.alias)+"."+quote(name))
		}
	}
	w.write(" FROM ", w.source(), " JOIN ", source, " ON ", condition)
	if err := w.where(); err != nil {
		return err
	}
	if w.peek().is("DELETE") {
		return unsupported("MERGE with DELETE")
	}
	return w.updateAll(places)
}

// mergeInsert translates the branch; what it gives runs it.
func (w *writer) mergeInsert(source, condition string) (func() error, error) {
	if err := w.expect("INSERT"); err != nil {
		return nil, err
	}
	places, err := w.places()
	if err != nil {
		return nil, err
	}
	if !w.accept("VALUES", "(") {
		return nil, w.fail(926)
	}
	w.write("SELECT ")
	for i, n := range places {
		if i > 0 {
			w.write(", ")
			if err := w.expect(","); err != nil {
				return nil, w.fail(947)
			}
		}
		if err := w.valueOrDefault(n); err != nil {
			return nil, err
		}
	}
	if err := w.expect(")"); err != nil {
		return nil, w.fail(913)
	}
	w.write(" FROM ", source, " WHERE NOT EXISTS (SELECT 1 FROM ", w.source(), " WHERE ",
		condition, ")")
	if w.accept("WHERE") {
		w.write(" AND (")
		if err := w.expression("WHEN"); err != nil {
			return nil, err
		}
		w.write(")")
	}
	statement := w.take()
	return func() error {
		w.write(statement)
		return w.insertAll(places)
	}, nil
}
