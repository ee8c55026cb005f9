package props

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"ggsh/ggserr"
)

// Properties are plain properties of a client, such as a Kafka producer's.
// Keys are exact.
type Properties struct {
	path    string
	entries []entry
}

// LoadProducer reads a plain properties file. Of keys that stand twice the last
// counts.
func LoadProducer(path string, opt Options) (*Properties, error) {
	text, err := opt.read(path)
	if err != nil {
		return nil, err
	}
	entries, faults := scan(path, text)
	if len(faults) > 0 {
		errs := make([]error, len(faults))
		for i, f := range faults {
			errs[i] = f
		}
		return nil, errors.Join(errs...)
	}
	p := &Properties{path: opt.inHome(path)}
	for _, e := range slices.Backward(entries) {
		if p.find(e.key) == nil {
			p.entries = append(p.entries, e)
		}
	}
	slices.Reverse(p.entries)
	for i := range p.entries {
		e := &p.entries[i]
		text, f := opt.reveal(e.value)
		if f != nil {
			err := ggserr.New(ggserr.PropertyWrong, "Property "+e.key+": "+f.text)
			return nil, at(err, e.place(f.off))
		}
		e.value = text
	}
	return p, nil
}

// Path is where the file is.
func (p *Properties) Path() string { return p.path }

func (p *Properties) find(key string) *entry {
	for i := range p.entries {
		if p.entries[i].key == key {
			return &p.entries[i]
		}
	}
	return nil
}

// Get is the value of a key, and whether the file has it.
func (p *Properties) Get(key string) (string, bool) {
	if e := p.find(key); e != nil {
		return e.value, true
	}
	return "", false
}

// Keys are the keys in the order of the file.
func (p *Properties) Keys() []string {
	keys := make([]string, len(p.entries))
	for i, e := range p.entries {
		keys[i] = e.key
	}
	return keys
}

// Where is the place of a key's value.
func (p *Properties) Where(key string) ggserr.Location {
	if e := p.find(key); e != nil {
		return e.place(0)
	}
	return ggserr.Location{File: p.path}
}

// ClassPath gives the directories of gg.classpath: dir and dir/* give dir, files
// are left out. $NAME and ${NAME} are variables of the environment; a directory
// with one that is not set is left out.
func (c *Config) ClassPath() []string {
	var dirs []string
	for _, item := range strings.Split(c.Global("gg.classpath"), ":") {
		known := true
		item = os.Expand(strings.TrimSpace(item), func(name string) string {
			text := c.opt.getenv(name)
			known = known && text != ""
			return text
		})
		item = strings.TrimSuffix(item, "*")
		if item == "" || !known || strings.HasSuffix(strings.ToLower(item), ".jar") {
			continue
		}
		if dir := filepath.Clean(c.opt.inHome(item)); !slices.Contains(dirs, dir) {
			dirs = append(dirs, dir)
		}
	}
	return dirs
}

// Find looks for a file that a property names: in the class path, beside the
// properties file, in dirprm, in the home.
func (c *Config) Find(file string) (string, error) {
	if filepath.IsAbs(file) {
		if _, err := os.Stat(file); err != nil {
			return "", ggserr.New(ggserr.FileOpen, file).Because(err)
		}
		return file, nil
	}
	places := append(c.ClassPath(), filepath.Dir(c.Path), c.opt.inHome("dirprm"), c.opt.inHome("."))
	for _, dir := range places {
		path := filepath.Join(dir, file)
		if st, err := os.Stat(path); err == nil && !st.IsDir() {
			return path, nil
		}
	}
	return "", ggserr.New(ggserr.FileOpen, file).Because(fmt.Errorf("it is in none of %s",
		strings.Join(slices.Compact(places), ", ")))
}

// JavaProperty gives -Dname=value of the boot options.
func (c *Config) JavaProperty(name string) (string, bool) {
	for _, key := range []string{"jvm.bootoptions", "javawriter.bootoptions"} {
		for _, word := range strings.Fields(c.Global(key)) {
			if text, ok := strings.CutPrefix(word, "-D"+name+"="); ok {
				return text, true
			}
		}
	}
	return "", false
}
