package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"

	"ggsh/checkpointtable"
	"ggsh/handler"
	"ggsh/handler/dml"
)

// The modes make the server refuse what it would cut, and store zero dates and
// zeros in AUTO_INCREMENT columns as they come.
const sqlMode = "'STRICT_ALL_TABLES,NO_AUTO_VALUE_ON_ZERO,NO_ENGINE_SUBSTITUTION'"

const dialTimeout = 10 * time.Second

// connect opens the server. Options: tls (preferred, required, skip-verify,
// off), tlsca (a PEM file of authorities).
func connect(ctx context.Context, cfg handler.Config) (*dml.Session, error) {
	c, err := driverConfig(cfg)
	if err != nil {
		return nil, err
	}
	connector, err := mysql.NewConnector(c)
	if err != nil {
		return nil, err
	}
	db := sql.OpenDB(&sessions{connector})
	db.SetMaxOpenConns(1)
	s := &dml.Session{DB: db, Charset: "utf8mb4"}
	var release, comment string
	err = db.QueryRowContext(ctx, "SELECT VERSION(), @@version_comment, @@max_allowed_packet").
		Scan(&release, &comment, &s.MaxPacket)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	s.Kind, s.Product = checkpointtable.MySQL, "MySQL "+release
	if strings.Contains(release, "MariaDB") {
		s.Kind, s.Product = checkpointtable.MariaDB, "MariaDB "+release
	}
	return s, nil
}

func driverConfig(cfg handler.Config) (*mysql.Config, error) {
	l := cfg.Login
	c := mysql.NewConfig()
	c.User, c.Passwd, c.DBName = l.User, l.Password, l.Database
	c.Net, c.Addr = "tcp", net.JoinHostPort(cmp.Or(l.Host, "127.0.0.1"),
		strconv.Itoa(cmp.Or(l.Port, 3306)))
	if l.Socket != "" {
		c.Net, c.Addr = "unix", l.Socket
	}
	c.Timeout = dialTimeout
	c.MaxAllowedPacket = 0   // the server's
	c.ClientFoundRows = true // an update that changes nothing still finds its row
	c.Logger = &mysql.NopLogger{}
	c.Params = map[string]string{"sql_mode": sqlMode, "time_zone": "'+00:00'"}
	if err := c.Apply(mysql.Charset("utf8mb4", "")); err != nil {
		return nil, err
	}
	return c, setTLS(c, cfg.Options)
}

func setTLS(c *mysql.Config, options map[string]string) error {
	mode := strings.ToLower(cmp.Or(options["tls"], "preferred"))
	if c.Net == "unix" && options["tls"] == "" {
		mode = "off" // nobody is in between
	}
	switch mode {
	case "off", "false":
		return nil
	case "preferred", "skip-verify":
		c.TLSConfig = mode
		return nil
	case "required", "true":
		c.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	default:
		return fmt.Errorf("option tls %q: use preferred, required, skip-verify or off", mode)
	}
	if file := options["tlsca"]; file != "" {
		pem, err := os.ReadFile(file)
		if err != nil {
			return fmt.Errorf("option tlsca: %w", err)
		}
		c.TLS.RootCAs = x509.NewCertPool()
		if !c.TLS.RootCAs.AppendCertsFromPEM(pem) {
			return fmt.Errorf("option tlsca: %s holds no certificate", file)
		}
	}
	return nil
}

// sessions makes each connection ready before its first use.
type sessions struct{ driver.Connector }

// Connect opens a connection whose transactions are READ COMMITTED: each row
// lock is one that the statement needs.
func (s *sessions) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := s.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	const level = "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED"
	if _, err := conn.(driver.ExecerContext).ExecContext(ctx, level, nil); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return conn, nil
}
