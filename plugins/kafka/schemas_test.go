package main

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/sr"
	"github.com/twmb/franz-go/pkg/sr/srfake"

	"ggsh/handler"
	"ggsh/handler/handlertest"
	"ggsh/record"
)

// The schema of a table comes once, again when the table has changed, and again
// when the transaction it was in was rolled back.
func TestSchemaTopic(t *testing.T) {
	c := fake(t)
	h, _ := opened(t, files(t, c.ListenAddrs(), "mode=op", "format=avro_op",
		"topicMappingTemplate=${tableName}", "keyMappingTemplate=${primaryKeys}",
		"schemaTopicName=schemas", ">max.request.size=4000"))
	p := people(1)
	insert := func(note string) [][]byte { return [][]byte{p.Insert(person(1, "A", note)...)} }
	keys := func() []string {
		var all []string
		for _, r := range messages(t, c.ListenAddrs(), "schemas") {
			var schema struct{ Name string }
			if err := json.Unmarshal(r.Value, &schema); err != nil {
				t.Fatalf("%v in %s", err, r.Value)
			}
			all = append(all, string(r.Key)+" "+schema.Name)
		}
		return all
	}
	tables := []*handlertest.Table{p}
	applyFails(t, h, txns(100, tables, append(insert("a"), insert(strings.Repeat("x", 5000))...)),
		handler.Row)
	apply(t, h, txns(200, tables, insert("b"), insert("c")))
	apply(t, h, txns(300, tables[:0], insert("d")))
	if got := keys(); !slices.Equal(got, []string{"hr.people people"}) {
		t.Fatalf("schemas %q", got)
	}
	wider := *p
	def := *p.Target
	def.Columns = append(slices.Clone(def.Columns), handlertest.Column("more", "int", record.Int))
	wider.Target = &def
	apply(t, h, txns(400, []*handlertest.Table{&wider}, [][]byte{wider.Insert(append(
		person(1, "A", "e"), handlertest.Int(5))...)}))
	if got := keys(); len(got) != 2 {
		t.Fatalf("schemas %q", got)
	}
	if n := len(messages(t, c.ListenAddrs(), "people")); n != 4 {
		t.Fatalf("%d messages", n)
	}
}

// With the generic wrapper its own schema is sent, too.
func TestGenericWrapper(t *testing.T) {
	c := fake(t)
	h, _ := opened(t, files(t, c.ListenAddrs(), "mode=tx", "format=avro_op",
		"topicMappingTemplate=all", "schemaTopicName=schemas",
		"format.wrapMessageInGenericAvroMessage=true"))
	p := people(1)
	apply(t, h, txns(100, []*handlertest.Table{p}, [][]byte{p.Insert(person(1, "A", "a")...),
		p.Insert(person(2, "B", "b")...)}))
	var keys []string
	for _, r := range messages(t, c.ListenAddrs(), "schemas") {
		keys = append(keys, string(r.Key))
	}
	slices.Sort(keys)
	if !slices.Equal(keys, []string{"generic_wrapper", "hr.people"}) {
		t.Errorf("schemas %q", keys)
	}
	if n := len(messages(t, c.ListenAddrs(), "all")); n != 1 {
		t.Errorf("%d messages", n)
	}
}

// With a registry each message begins with the number of its schema there.
func TestSchemaRegistry(t *testing.T) {
	registry := srfake.New(srfake.WithAuth("Basic dXNlcjpnZWhlaW0="))
	t.Cleanup(registry.Close)
	c := fake(t)
	address := strings.Replace(registry.URL(), "http://", "http://user:geheim@", 1)
	lines := []string{"mode=op", "format=avro_row", "topicMappingTemplate=${tableName}",
		"keyMappingTemplate=${primaryKeys}"}
	h, _ := opened(t, files(t, c.ListenAddrs(), append(lines, "schemaRegistryUrl="+address)...))
	p := people(1)
	b := txns(100, []*handlertest.Table{p}, [][]byte{p.Insert(person(1, "A", "a")...),
		p.Insert(person(2, "B", "b")...)})
	apply(t, h, b)
	var header sr.ConfluentHeader
	for _, r := range messages(t, c.ListenAddrs(), "people") {
		id, rest, err := header.DecodeID(r.Value)
		if err != nil || len(rest) == 0 {
			t.Fatal(err)
		}
		client, err := sr.NewClient(sr.URLs(registry.URL()), sr.BasicAuth("user", "geheim"))
		if err != nil {
			t.Fatal(err)
		}
		schema, err := client.SchemaByID(t.Context(), id)
		if err != nil || !strings.Contains(schema.Schema, `"people"`) {
			t.Errorf("%v, %s", err, schema.Schema)
		}
		known, err := client.SchemaByVersion(t.Context(), "people-value", 1)
		if err != nil || known.ID != id {
			t.Errorf("subject people-value has %d, %v", known.ID, err)
		}
	}
	for _, test := range []struct {
		status int
		class  handler.Class
		want   string
	}{{http.StatusConflict, handler.Setup, "give each one its own"},
		{http.StatusServiceUnavailable, handler.Connection, "people-value"},
		{http.StatusUnauthorized, handler.Setup, "schemaRegistryUrl"}} {
		registry.ClearInterceptors()
		registry.Intercept(func(w http.ResponseWriter, _ *http.Request) bool {
			w.WriteHeader(test.status)
			return true
		})
		h, _ := opened(t, files(t, c.ListenAddrs(), append(lines, "schemaRegistryUrl="+address)...))
		e := applyFails(t, h, b, test.class, test.want)
		if strings.Contains(e.Text, "geheim") {
			t.Errorf("the password is in %s", e.Text)
		}
	}
}
