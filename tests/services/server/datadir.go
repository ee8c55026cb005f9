package server

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

const (
	instancePrefix = "ggsh-db-"
	ownerName      = "owner.lock"
)

// command is a server or client program of this software, through the tree's own
// loader where there is one: the machine's libc may be older than the program.
func (s *software) command(program string, args []string) *exec.Cmd {
	cmd := exec.Command(program, args...)
	if s.Loader != "" {
		through := []string{"--library-path", s.Libraries, program}
		cmd = exec.Command(s.Loader, append(through, args...)...)
	}
	cmd.Env = fixedEnvironment()
	return cmd
}

// fixedEnvironment has no locale, no options and no preloaded library of the caller's.
func fixedEnvironment() []string {
	return []string{"LC_ALL=C", "TZ=UTC", "PATH=/usr/sbin:/usr/bin:/sbin:/bin"}
}

// baseArguments are what every run of the server needs, initialization included.
func (s *software) baseArguments(dataDir string) []string {
	args := []string{
		"--no-defaults", // must come first, or the system's option files are read
		"--datadir=" + dataDir,
		"--lc-messages-dir=" + s.Share,
	}
	if s.Root != "" {
		args = append(args, "--basedir="+filepath.Join(s.Root, "usr"), "--plugin-dir="+s.Plugins)
	}
	if os.Geteuid() == 0 {
		args = append(args, "--user=root") // the server refuses to run as root unasked
	}
	if s.Kind == MySQL {
		return append(args, "--mysqlx=OFF", "--secure-file-priv=NULL", "--innodb-redo-log-capacity=48M")
	}
	return append(args, "--innodb-log-file-size=48M")
}

// initialize makes a data directory with the root accounts, from nothing.
func (s *software) initialize(ctx context.Context, dataDir string, extra []string) error {
	var err error
	if s.Kind == MySQL {
		err = s.initializeMySQL(ctx, dataDir, extra)
	} else {
		err = s.bootstrapMariaDB(ctx, dataDir, extra)
	}
	if err != nil {
		return fmt.Errorf("initialize a data directory of %s %s: %w", s.Kind, s.Version, err)
	}
	// Two servers with one identity cannot replicate from each other.
	return os.RemoveAll(filepath.Join(dataDir, "auto.cnf"))
}

func (s *software) initializeMySQL(ctx context.Context, dataDir string, extra []string) error {
	accounts := dataDir + ".sql"
	if err := os.WriteFile(accounts, []byte(
		"CREATE USER 'root'@'127.0.0.1' IDENTIFIED BY '"+RootPassword+"';\n"+
			"GRANT ALL ON *.* TO 'root'@'127.0.0.1' WITH GRANT OPTION;\n"+
			"ALTER USER 'root'@'localhost' IDENTIFIED BY '"+RootPassword+"';\n"), 0o600); err != nil {
		return err
	}
	defer os.Remove(accounts)
	args := append(s.baseArguments(dataDir), "--initialize-insecure", "--init-file="+accounts)
	return s.run(ctx, append(args, extra...), nil)
}

// bootstrapMariaDB does what mariadb-install-db does, less the tables of HELP texts;
// that script would call the server by a name that needs our loader.
func (s *software) bootstrapMariaDB(ctx context.Context, dataDir string, extra []string) error {
	if err := os.MkdirAll(filepath.Join(dataDir, "mysql"), 0o700); err != nil {
		return err
	}
	var script bytes.Buffer
	script.WriteString("USE mysql;\nSET @auth_root_socket=NULL;\n")
	for _, name := range []string{"mysql_system_tables.sql", "mysql_performance_tables.sql",
		"mysql_system_tables_data.sql", "maria_add_gis_sp_bootstrap.sql", "mysql_sys_schema.sql"} {
		text, err := os.ReadFile(filepath.Join(s.Share, name))
		if errors.Is(err, fs.ErrNotExist) && name == "mysql_performance_tables.sql" {
			continue // part of the first script in some releases
		}
		if err != nil {
			return err
		}
		script.Write(text)
		script.WriteByte('\n')
	}
	// The scripts add anonymous accounts and accounts by the machine's name.
	script.WriteString("DELETE FROM mysql.global_priv WHERE User='' OR Host<>'localhost';\n" +
		"FLUSH PRIVILEGES;\n" +
		"CREATE USER 'root'@'127.0.0.1' IDENTIFIED BY '" + RootPassword + "';\n" +
		"GRANT ALL ON *.* TO 'root'@'127.0.0.1' WITH GRANT OPTION;\n" +
		"ALTER USER 'root'@'localhost' IDENTIFIED BY '" + RootPassword + "';\n")
	args := append(s.baseArguments(dataDir), "--bootstrap", "--skip-log-bin", "--log-warnings=0",
		"--enforce-storage-engine=", "--max-allowed-packet=8M", "--net-buffer-length=16K")
	return s.run(ctx, append(args, extra...), &script)
}

// run lets the server do one thing and end.
func (s *software) run(ctx context.Context, args []string, in io.Reader) error {
	cmd := s.command(s.Server, args)
	out, err := runTool(ctx, os.TempDir(), cmd.Env, in, cmd.Path, cmd.Args[1:]...)
	if err == nil && bytes.Contains(out, []byte("\nERROR: ")) {
		return fmt.Errorf("a statement failed: %s", lastBytes(out, 2000))
	}
	return err
}

// claimDir makes the folder of an instance and marks it as in use for as long as
// this process lives. Folders in the temporary folder whose process is gone are
// removed first: a killed test binary cannot tidy up after itself.
func claimDir(dir string) (string, *lock, error) {
	var err error
	if dir == "" {
		sweep(os.TempDir())
		dir, err = os.MkdirTemp("", instancePrefix)
	} else if dir, err = filepath.Abs(dir); err == nil {
		err = os.MkdirAll(dir, 0o700)
	}
	if err != nil {
		return "", nil, fmt.Errorf("make the instance's folder: %w", err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "", nil, fmt.Errorf("make the instance's folder: %w", err)
	}
	if len(entries) > 0 {
		return "", nil, fmt.Errorf("the instance's folder %s is not empty: "+
			"name another in Options.Dir", dir)
	}
	l, err := tryLock(filepath.Join(dir, ownerName))
	return dir, l, err
}

// sweep removes instance folders that nobody owns any more.
func sweep(parent string) {
	entries, err := os.ReadDir(parent)
	if err != nil {
		return // the instance's own folder will fail with a better message
	}
	for _, e := range entries {
		dir := filepath.Join(parent, e.Name())
		info, err := e.Info()
		if err != nil || !e.IsDir() || !strings.HasPrefix(e.Name(), instancePrefix) {
			continue
		}
		if _, err := os.Stat(filepath.Join(dir, ownerName)); err != nil {
			// Either its owner is about to write the file, or died before it could.
			if time.Since(info.ModTime()) > time.Hour {
				os.RemoveAll(dir)
			}
			continue
		}
		if l, err := tryLock(filepath.Join(dir, ownerName)); err == nil {
			os.RemoveAll(dir)
			l.release()
		}
	}
}

// copyTree copies a data directory: plain files and folders.
func copyTree(ctx context.Context, from, to string) error {
	err := filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		target := filepath.Join(to, rel)
		if d.IsDir() {
			return os.Mkdir(target, 0o700)
		}
		return copyFile(path, target)
	})
	if err != nil {
		return fmt.Errorf("copy the prepared data directory: %w", err)
	}
	return nil
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}
