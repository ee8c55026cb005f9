package main

import (
	"context"
	"time"

	"ggsh/dblogin"
	"ggsh/heartbeat"
)

// databaseLogin is the login of the source database; ok is false for other sources.
func (w *wiring) databaseLogin() (l dblogin.Login, ok bool, err error) {
	login, err := w.sourceLogin()
	if err != nil || login.Directory != "" {
		return l, false, err
	}
	if kafka, err := w.isKafka(login); err != nil || kafka {
		return l, false, err
	}
	if login.Embedded != "" {
		return dblogin.Login{Kind: dblogin.SQLite, Database: w.p.Home().Resolve(login.Embedded)}, true, nil
	}
	l, err = w.login(login)
	if l.Kind == dblogin.SQLite {
		l.Database = w.p.Home().Resolve(l.Database)
	}
	return l, l.Kind != dblogin.Directory && l.Kind != dblogin.Kafka, err
}

// heartbeatNames says where heartbeat objects would be; nil when they are not looked for.
func (w *wiring) heartbeatNames() (*heartbeat.Names, error) {
	if !w.globals.Heartbeats(w.p.Params()) {
		return nil, nil
	}
	if w.isPump() {
		return &heartbeat.Names{}, nil
	}
	l, ok, err := w.databaseLogin()
	if err != nil || !ok {
		return nil, nil // opening the source says what is wrong
	}
	schema := l.Database
	if l.Kind == dblogin.Oracle {
		schema = l.User
	}
	n := heartbeat.NamesOf(heartbeat.Kind(l.Kind), w.globals.HeartbeatTable, w.globals.GGSchema, schema)
	return &n, nil
}

// sendHeartbeats begins to send heartbeats, if the source has the tables for it, and gives
// the way to end that.
func (w *wiring) sendHeartbeats(ctx context.Context, n *heartbeat.Names) (end func()) {
	if n == nil || n.Table == "" {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		if l, ok, err := w.databaseLogin(); err == nil && ok {
			w.beat(ctx, l, *n)
		}
	}()
	return func() {
		cancel()
		<-done
	}
}

// beat connects, for as long as it takes, and sends heartbeats.
func (w *wiring) beat(ctx context.Context, l dblogin.Login, n heartbeat.Names) {
	for ctx.Err() == nil {
		db, err := dblogin.Open(ctx, l)
		if err == nil {
			s := heartbeat.Sender{DB: db.DB, Names: n, Now: w.p.Now,
				Holder: w.p.Group() + " in " + string(w.p.Home()),
				Tell:   func(text string) { w.p.Line("Heartbeat: %s", text) }}
			s.Run(ctx)
			db.Close()
			return
		}
		timer := time.NewTimer(10 * time.Second)
		select {
		case <-ctx.Done():
		case <-timer.C:
		}
		timer.Stop()
	}
}
