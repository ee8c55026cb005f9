package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

const (
	// recipe is raised when the layout of the cache, the list of packages or the way
	// a template is made changes; what an older recipe made is then made again.
	recipe = 1
	// provisionDeadline bounds a whole provisioning, about 80 MB of packages for
	// a database, as much again for the jars of HDFS or Kafka.
	provisionDeadline = 10 * time.Minute
	// refusalAge is how long a failure is believed without trying again, so that a
	// hundred tests on a machine without network fail or skip once, not slowly.
	refusalAge = 5 * time.Minute
	stampName  = "provisioned.json"
)

// product is how a kind is had: from Debian, or from Maven's central repository.
type product struct {
	suite  string
	closed []string // packages fetched with all that they depend on
	alone  []string // packages whose programs we use but whose dependencies we do not
	main   string   // the package or jar whose version names the product
	server string   // path of the server in the unpacked tree
	pom    string   // what to have Maven fetch, a file in the folder maven
}

func productOf(kind Kind) (product, error) {
	switch kind {
	case MariaDB:
		// mariadb-client has mariadb-binlog and mariadb-dump, mariadb-server the plugins;
		// both would drag in perl modules and service managers.
		return product{suite: "bookworm", main: "mariadb-server-core", server: "usr/sbin/mariadbd",
			closed: []string{"mariadb-server-core", "mariadb-client-core"},
			alone:  []string{"mariadb-client", "mariadb-server"}}, nil
	case MySQL:
		// No Debian release has MySQL; its development suite does.
		return product{suite: "sid", main: "mysql-server-core", server: "usr/sbin/mysqld",
			closed: []string{"mysql-server-core", "mysql-client-core"}}, nil
	case KindHDFS:
		return product{pom: "hdfs.xml", main: "hadoop-hdfs"}, nil
	case KindKafka:
		return product{pom: "kafka.xml", main: "kafka-clients"}, nil
	}
	return product{}, fmt.Errorf("unknown kind of server %q: use one of %v", kind, Kinds())
}

// software is a provisioned kind. It is also the stamp in the cache, which is written
// last: a folder without it is unfinished.
type software struct {
	Recipe    int
	Kind      Kind
	Version   string // of the package, or "system" for the machine's own program
	Root      string `json:",omitempty"` // of the unpacked tree; empty for the machine's program
	Server    string `json:",omitempty"`
	Loader    string `json:",omitempty"` // the tree's own dynamic loader
	Libraries string `json:",omitempty"` // library path for the loader
	Share     string `json:",omitempty"` // messages and SQL scripts
	Plugins   string `json:",omitempty"`
	Java      string `json:",omitempty"` // the machine's own, for what runs on it
	Jars      string `json:",omitempty"` // folder of all that its class path needs
	Pom       string `json:",omitempty"` // digest of what named the jars
	Archives  string `json:"-"`          // folder of class archives, which make starts quick
	Template  string // a data directory to copy
}

// Provision makes sure that a kind can be started and says its package version. Unlike
// Start and Available it tries again after a recent failure.
func Provision(ctx context.Context, kind Kind, progress io.Writer) (string, error) {
	soft, err := provision(ctx, kind, progress, true)
	if err != nil {
		return "", err
	}
	return soft.Version, nil
}

// Available provisions a kind if needed and gives the reason if it cannot be had.
func Available(kind Kind) error {
	_, err := provision(context.Background(), kind, os.Stderr, false)
	return err
}

// Require skips the test, with the reason, if the kind cannot be had; if the
// environment's REQUIRE_SERVICES has the kind or "all" in its comma list, it fails it.
func Require(tb testing.TB, kind Kind) {
	tb.Helper()
	soft, err := provision(context.Background(), kind, os.Stderr, false)
	if err == nil {
		tb.Logf("needs %s, package version %s", kind, soft.Version)
		return
	}
	required := strings.FieldsFunc(os.Getenv("REQUIRE_SERVICES"),
		func(r rune) bool { return r == ',' || r == ' ' })
	if slices.Contains(required, string(kind)) || slices.Contains(required, "all") {
		tb.Fatalf("%s needs %s, which REQUIRE_SERVICES demands: %v", tb.Name(), kind, err)
	}
	tb.Skipf("%s needs %s: %v", tb.Name(), kind, err)
}

// ForTest is Require, then Start, then Close at the end of the test.
func ForTest(tb testing.TB, kind Kind, opts Options) *Instance {
	tb.Helper()
	Require(tb, kind)
	in, err := Start(context.Background(), kind, opts)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := in.Close(); err != nil {
			tb.Errorf("close %s: %v", kind, err)
		}
	})
	return in
}

// provision gives the software from the cache, or makes it under a lock.
func provision(ctx context.Context, kind Kind, progress io.Writer, again bool) (*software, error) {
	prod, err := productOf(kind)
	if err != nil {
		return nil, err
	}
	cache, err := cacheDir()
	if err != nil {
		return nil, err
	}
	home := filepath.Join(cache, string(kind))
	if soft, err := loadStamp(home); err == nil {
		return soft, nil
	}
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return nil, fmt.Errorf("make the cache folder: %w; set GGSH_TEST_CACHE to another", err)
	}
	say := func(format string, args ...any) {
		fmt.Fprintf(progress, "services: %s: %s\n", kind, fmt.Sprintf(format, args...))
	}
	ctx, cancel := context.WithTimeout(ctx, provisionDeadline)
	defer cancel()
	l, err := takeLock(ctx, home+".lock", func() { say("another process provisions it, waiting") })
	if err != nil {
		return nil, err
	}
	defer l.release()
	if soft, err := loadStamp(home); err == nil { // made while we waited
		return soft, nil
	}
	refusal := home + ".refused"
	if st, err := os.Stat(refusal); err == nil && !again && time.Since(st.ModTime()) < refusalAge {
		reason, err := os.ReadFile(refusal)
		return nil, errors.Join(fmt.Errorf("provisioning failed less than %v ago, see %s; "+
			"try again with `go run ./tests/services provision %s`: %s",
			refusalAge, refusal, kind, reason), err)
	}
	soft, err := makeSoftware(ctx, kind, prod, home, say)
	if err != nil {
		err = fmt.Errorf("provision %s: %w", kind, err)
		if errors.Is(err, context.Canceled) { // says nothing about the next try
			return nil, errors.Join(err, os.RemoveAll(home+".partial"))
		}
		return nil, errors.Join(err, os.RemoveAll(home+".partial"),
			os.WriteFile(refusal, []byte(err.Error()), 0o644))
	}
	return soft, os.RemoveAll(refusal)
}

// makeSoftware builds aside and renames, so that home is complete or absent.
func makeSoftware(ctx context.Context, kind Kind, prod product, home string,
	say func(string, ...any)) (*software, error) {
	begun := time.Now()
	aside := home + ".partial"
	for _, d := range []string{aside, home} {
		if err := os.RemoveAll(d); err != nil {
			return nil, fmt.Errorf("remove an unfinished or outdated copy: %w", err)
		}
	}
	var stamp *software
	var err error
	if prod.pom != "" {
		stamp, err = buildFromMaven(ctx, kind, prod, aside, say)
	} else {
		stamp, err = buildFromDebian(ctx, kind, prod, aside, say)
	}
	if err != nil {
		return nil, err
	}
	b, err := json.MarshalIndent(stamp, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write the stamp: %w", err)
	}
	if err := os.WriteFile(filepath.Join(aside, stampName), b, 0o644); err != nil {
		return nil, fmt.Errorf("write the stamp: %w", err)
	}
	if err := os.Rename(aside, home); err != nil {
		return nil, fmt.Errorf("put the provisioned software in place: %w", err)
	}
	soft, err := loadStamp(home)
	if err == nil && soft.Jars != "" {
		soft.archiveClasses(ctx, say)
	}
	say("ready: %s, after %v", stamp.Version, time.Since(begun).Round(time.Second))
	return soft, err
}

// buildFromDebian fills the folder aside from packages or, failing that, with a
// template for the machine's own server. Paths inside the folder are given relative
// to it: it is about to be renamed.
func buildFromDebian(ctx context.Context, kind Kind, prod product, aside string,
	say func(string, ...any)) (*software, error) {
	soft, err := fromDebian(ctx, kind, prod, aside, say)
	if ctx.Err() != nil {
		return nil, errors.Join(err, ctx.Err())
	}
	if err != nil {
		own, ownErr := fromSystem(kind, prod)
		if ownErr != nil {
			return nil, errors.Join(err, ownErr)
		}
		say("using the machine's own %s, since the archive failed: %v", own.Server, err)
		soft = own
	}
	say("making a data directory to copy")
	if err := soft.initialize(ctx, filepath.Join(aside, "template"), nil); err != nil {
		return nil, err
	}
	stamp := &software{Recipe: recipe, Kind: kind, Version: soft.Version, Template: "template"}
	if soft.Loader != "" {
		stamp.Root = "root"
	} else {
		stamp.Server, stamp.Share = soft.Server, soft.Share
	}
	return stamp, nil
}

// loadStamp reads what provisioning left; paths in it are relative to home, so that a
// cache can be moved.
func loadStamp(home string) (*software, error) {
	b, err := os.ReadFile(filepath.Join(home, stampName))
	if err != nil {
		return nil, err
	}
	soft := &software{}
	if err := json.Unmarshal(b, soft); err != nil {
		return nil, fmt.Errorf("read %s: %w", stampName, err)
	}
	if soft.Recipe != recipe {
		return nil, fmt.Errorf("made by recipe %d, now it is %d", soft.Recipe, recipe)
	}
	soft.Template = filepath.Join(home, soft.Template)
	if soft.Jars != "" {
		if err := soft.isOfPom(); err != nil {
			return nil, err
		}
		soft.Jars, soft.Archives = filepath.Join(home, soft.Jars), filepath.Join(home, "archives")
		if _, err := os.Stat(soft.Java); err != nil {
			return nil, fmt.Errorf("the Java that it was made for is gone: %w", err)
		}
	}
	if soft.Root == "" {
		return soft, nil
	}
	return soft.located(filepath.Join(home, soft.Root)), nil
}

// fromDebian fetches and unpacks.
func fromDebian(ctx context.Context, kind Kind, prod product, aside string,
	say func(string, ...any)) (*software, error) {
	for _, tool := range []string{"apt-get", "dpkg-deb"} {
		if _, err := exec.LookPath(tool); err != nil {
			return nil, fmt.Errorf("the Debian archive needs %s: %w", tool, err)
		}
	}
	m, err := findMirror("/etc/apt")
	if err != nil {
		return nil, err
	}
	a := &archive{dir: filepath.Join(aside, "apt"), mirror: m, suite: prod.suite, progress: say}
	if err := a.update(ctx); err != nil {
		return nil, err
	}
	if err := a.download(ctx, prod.closed, prod.alone); err != nil {
		return nil, err
	}
	if err := a.unpack(ctx, filepath.Join(aside, "root")); err != nil {
		return nil, err
	}
	version, err := a.versionOf(ctx, prod.main)
	if err != nil {
		return nil, err
	}
	// Packages and lists are three quarters of what was fetched and of no more use.
	if err := os.RemoveAll(a.dir); err != nil {
		return nil, fmt.Errorf("remove the fetched packages: %w", err)
	}
	soft := (&software{Version: version, Kind: kind}).located(filepath.Join(aside, "root"))
	if soft.Loader == "" {
		return nil, fmt.Errorf("no dynamic loader in the packages unpacked in %s/root: "+
			"is this processor one that Debian %s has?", aside, prod.suite)
	}
	if _, err := os.Stat(soft.Server); err != nil {
		return nil, fmt.Errorf("the package %s has no server where it was expected: %w", prod.main, err)
	}
	return soft, nil
}

// located fills in all paths for a tree at root.
func (s *software) located(root string) *software {
	out := *s
	prod, err := productOf(s.Kind)
	if err != nil {
		return &out
	}
	out.Root = root
	out.Server = filepath.Join(root, prod.server)
	out.Share = filepath.Join(root, "usr/share/mysql")
	out.Plugins = filepath.Join(root, "usr/lib/mysql/plugin")
	out.Loader, out.Libraries = "", ""
	// Releases differ in whether /lib is a part of /usr.
	for _, pattern := range []string{"lib64/ld-linux*.so.*", "lib/ld-linux*.so.*",
		"lib/*-linux-gnu/ld-linux*.so.*"} {
		for _, top := range []string{"usr", ""} {
			found, err := filepath.Glob(filepath.Join(root, top, pattern))
			if err == nil && len(found) > 0 {
				out.Loader = found[0]
			}
		}
	}
	var libs []string
	for _, pattern := range []string{"usr/lib/*-linux-gnu", "lib/*-linux-gnu", "usr/lib/mysql/private"} {
		if found, err := filepath.Glob(filepath.Join(root, pattern)); err == nil {
			libs = append(libs, found...)
		}
	}
	out.Libraries = strings.Join(libs, ":")
	return &out
}

// fromSystem uses a server program that the machine has, never its data.
func fromSystem(kind Kind, prod product) (*software, error) {
	name := filepath.Base(prod.server)
	path, err := exec.LookPath(name)
	if err != nil {
		path = filepath.Join("/usr/sbin", name)
	}
	if _, err := os.Stat(path); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("and no %s is installed here; install %s", name, kind)
		}
		return nil, fmt.Errorf("look for an installed %s: %w", name, err)
	}
	for _, share := range []string{"/usr/share/mariadb", "/usr/share/mysql"} {
		if _, err := os.Stat(filepath.Join(share, "english", "errmsg.sys")); err == nil {
			return &software{Kind: kind, Version: "system", Server: path, Share: share}, nil
		}
	}
	return nil, fmt.Errorf("and the installed %s has no messages in /usr/share", path)
}
