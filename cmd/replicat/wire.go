package main

import (
	"context"
	"os"
	"path/filepath"

	"ggsh/dblogin"
	"ggsh/handler"
	"ggsh/param"
	"ggsh/process"
	"ggsh/replicat"
	"ggsh/wallet"
)

func config(p *process.Process, args process.Args) (replicat.Config, error) {
	keys, err := wallet.Of(p.Home())
	if err == nil {
		err = keys.Check(p.Params())
	}
	if err != nil {
		return replicat.Config{}, err
	}
	cfg := replicat.Config{Process: p, SkipTransaction: args.Skip, Alias: alias,
		Password: keys.Password, Keys: keys,
		Launch: func(ctx context.Context, plugin string) (handler.Handler, error) {
			return launch(ctx, p, plugin)
		}}
	switch {
	case args.AtCSN != nil:
		cfg.From = &replicat.FromCSN{CSN: *args.AtCSN}
	case args.AfterCSN != nil:
		cfg.From = &replicat.FromCSN{CSN: *args.AfterCSN, After: true}
	}
	return cfg, nil
}

// launch starts the plugin from the home's plugin directory or the one beside
// this program.
func launch(ctx context.Context, p *process.Process, plugin string) (handler.Handler, error) {
	programs := ""
	if self, err := os.Executable(); err == nil {
		programs = filepath.Dir(self)
	}
	c, err := handler.Launch(ctx, handler.LaunchConfig{
		Dir: handler.PluginDir(string(p.Home()), programs, plugin), Name: plugin,
		Log: func(line string) { p.Line("handler %s: %s", plugin, line) }})
	if err != nil {
		return nil, err // a nil *Client in a Handler would not be nil
	}
	return c, nil
}

// alias reads the credential store.
func alias(dir string, l param.Login) (handler.Login, error) {
	found, err := dblogin.AliasesIn(dir).Login(l.DSN, l.Domain, l.Alias)
	if err != nil {
		return handler.Login{}, err
	}
	kind := string(found.Kind)
	if found.Kind == dblogin.MariaDB {
		kind = string(dblogin.MySQL)
	}
	return handler.Login{Kind: kind, Host: found.Host, Port: found.Port,
		Database: found.Database, User: found.User, Password: found.Password}, nil
}
