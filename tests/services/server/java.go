package server

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// poms say what to fetch; versions are pinned in them.
//
//go:embed maven
var poms embed.FS

const (
	// Kafka's brokers need Java 17; Hadoop 3.4 ends with the security manager, which
	// Java 24 took away.
	oldestJava, newestJava = 17, 23
	// javaStartDeadline is for a machine on which everybody starts something.
	javaStartDeadline = 3 * time.Minute
)

// javaVersion finds the version in what java -version says.
var javaVersion = regexp.MustCompile(`version "(\d+)`)

// findJava gives a java that the jars run on: the one of JAVA_HOME, of the path, or
// any that Debian's packages installed.
func findJava(ctx context.Context) (string, error) {
	var candidates []string
	if home := os.Getenv("JAVA_HOME"); home != "" {
		candidates = append(candidates, filepath.Join(home, "bin/java"))
	}
	if path, err := exec.LookPath("java"); err == nil {
		candidates = append(candidates, path)
	}
	installed, err := filepath.Glob("/usr/lib/jvm/*/bin/java")
	if err != nil {
		return "", err
	}
	var failed error
	for _, java := range append(candidates, installed...) {
		cmd := exec.CommandContext(ctx, java, "-version")
		cmd.Env = fixedEnvironment()
		said, err := cmd.CombinedOutput()
		found := javaVersion.FindSubmatch(said)
		if err != nil || found == nil {
			failed = errors.Join(failed, fmt.Errorf("%s -version: %w: %s", java, err, lastBytes(said, 300)))
			continue
		}
		n, err := strconv.Atoi(string(found[1]))
		if err == nil && n >= oldestJava && n <= newestJava {
			return java, nil
		}
		failed = errors.Join(failed, fmt.Errorf("%s has version %s", java, found[1]))
	}
	return "", errors.Join(fmt.Errorf("no Java of version %d to %d: "+
		"install one, such as the package openjdk-17-jre-headless, or set JAVA_HOME",
		oldestJava, newestJava), failed)
}

// buildFromMaven fills the folder aside with the jars of a pom and a template of what
// an instance's data start from.
func buildFromMaven(ctx context.Context, kind Kind, prod product, aside string,
	say func(string, ...any)) (*software, error) {
	java, err := findJava(ctx)
	if err != nil {
		return nil, err
	}
	mvn, err := exec.LookPath("mvn")
	if err != nil {
		return nil, fmt.Errorf("the jars are fetched by Maven: %w; install the package maven", err)
	}
	pom, err := poms.ReadFile("maven/" + prod.pom)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(aside, 0o755); err != nil {
		return nil, err
	}
	file := filepath.Join(aside, "pom.xml")
	if err := os.WriteFile(file, pom, 0o644); err != nil {
		return nil, fmt.Errorf("write the pom: %w", err)
	}
	say("fetching the jars that %s names", prod.pom)
	// A repository of its own: two Mavens must not write one at a time, and ours stays
	// out of the user's.
	repository := filepath.Join(aside, "repository")
	if _, err := runTool(ctx, aside, nil, nil, mvn, "-q", "-B", "-f", file,
		"-Dmaven.repo.local="+repository, "-Dstyle.color=never",
		"-DincludeScope=runtime", "-DoutputDirectory="+filepath.Join(aside, "lib"),
		"dependency:copy-dependencies"); err != nil {
		return nil, err
	}
	if err := os.RemoveAll(repository); err != nil {
		return nil, fmt.Errorf("remove the fetched repository: %w", err)
	}
	jars := filepath.Join(aside, "lib")
	found, err := filepath.Glob(filepath.Join(jars, prod.main+"-[0-9]*.jar"))
	if err != nil || len(found) != 1 {
		return nil, fmt.Errorf("find the one jar of %s: found %v, %v", prod.main, found, err)
	}
	version := strings.TrimPrefix(strings.TrimSuffix(filepath.Base(found[0]), ".jar"), prod.main+"-")
	soft := &software{Recipe: recipe, Kind: kind, Version: version, Java: java, Jars: jars,
		Pom: digest(pom)}
	say("formatting storage to copy")
	template := filepath.Join(aside, "template")
	if kind == KindHDFS {
		err = soft.formatNameNode(ctx, template)
	} else {
		err = soft.formatKafka(ctx, template)
	}
	if err != nil {
		return nil, fmt.Errorf("format storage for %s %s: %w", kind, version, err)
	}
	soft.Jars, soft.Template = "lib", "template"
	return soft, nil
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// isOfPom tells whether the jars are those that the pom names now.
func (s *software) isOfPom() error {
	prod, err := productOf(s.Kind)
	if err != nil {
		return err
	}
	pom, err := poms.ReadFile("maven/" + prod.pom)
	if err != nil {
		return err
	}
	if digest(pom) != s.Pom {
		return fmt.Errorf("%s has changed since the jars were fetched", prod.pom)
	}
	return nil
}

// ForSpeed are options that give a virtual machine its second compiler back, and
// memory. Daemons get them by HDFSOptions.Java and KafkaOptions.Java, tools by Measured.
func ForSpeed() []string { return []string{"-XX:TieredStopAtLevel=4", "-Xmx512m"} }

// javaRun is one run of a main class.
type javaRun struct {
	main    string
	args    []string
	options []string // of the virtual machine, over the defaults
	classes []string // folders of the class path, after the jars
	env     []string
}

// command is a run as a process. The class path is in the environment: a hundred
// jars would make process lists unreadable.
func (s *software) javaCommand(run javaRun) (*exec.Cmd, error) {
	jars, err := filepath.Glob(filepath.Join(s.Jars, "*.jar"))
	if err != nil {
		return nil, fmt.Errorf("list the jars: %w", err)
	}
	if len(jars) == 0 {
		return nil, fmt.Errorf("no jars in %s: remove that folder, it is made again", s.Jars)
	}
	slices.Sort(jars)
	// Daemons and tools live for seconds: what counts is how soon they are there.
	args := []string{"-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData",
		"-Djava.net.preferIPv4Stack=true", "-Dfile.encoding=UTF-8",
		"--add-opens=java.base/java.lang=ALL-UNNAMED"}
	if archive := s.archiveOf(run.main); fileExists(archive) {
		args = append(args, "-XX:SharedArchiveFile="+archive)
	}
	args = append(append(args, run.options...), run.main)
	cmd := exec.Command(s.Java, append(args, run.args...)...)
	cmd.Env = append(fixedEnvironment(), "LC_ALL=C.UTF-8", "HOME="+os.Getenv("HOME"),
		"CLASSPATH="+strings.Join(append(jars, run.classes...), ":"))
	cmd.Env = append(cmd.Env, run.env...)
	return cmd, nil
}

// runJava runs a main class to its end and gives what it printed; what it said on its
// standard error is in the error, should it fail.
func (s *software) runJava(ctx context.Context, run javaRun) (string, error) {
	cmd, err := s.javaCommand(run)
	if err != nil {
		return "", err
	}
	what := strings.Join(append([]string{run.main}, run.args...), " ")
	out, err := runNamed(ctx, what, os.TempDir(), cmd.Env, nil, cmd.Path, cmd.Args[1:]...)
	return string(out), err
}
