package param

import "time"

// read reads a parameter of Replicat and reports whether it was one.
func (a *ApplyOptions) read(name string, c *cursor) bool {
	switch name {
	case "GROUPTRANSOPS":
		a.GroupTransOps = c.count(1)
	case "MAXTRANSOPS":
		a.MaxTransOps = c.count(1)
	case "MAXSQLSTATEMENTS":
		a.MaxStatements = int(c.number(1, 250))
	case "BATCHSQL":
		a.Batch = c.batch()
	case "TRANSACTIONTIMEOUT":
		a.TransactionTimeout = c.span()
	case "DEFERAPPLYINTERVAL":
		at := c.at()
		if a.Defer = c.span(); a.Defer > 7*24*time.Hour {
			c.fail(at, "the delay is longer than 7 days")
		}
	case "RETRYDELAY":
		a.RetryDelay = c.in(time.Second)
	case "WARNRATE":
		a.WarnRate = c.count(0)
	case "SQLDUPERR":
		a.DuplicateError, a.HasDuplicateError = c.number(-1<<31, 1<<31-1), true
	case "REPLACEBADNUM":
		a.BadNumber = c.upper("a number")
	case "REPLACEBADCHAR":
		a.BadChar = c.badChar()
	case "APPLY_PARALLELISM":
		a.Parallelism = int(c.number(1, 1000))
	case "MIN_APPLY_PARALLELISM":
		a.MinParallelism = int(c.number(1, 1000))
	case "MAX_APPLY_PARALLELISM":
		a.MaxParallelism = int(c.number(1, 1000))
	case "MAP_PARALLELISM":
		a.Mappers = int(c.number(1, 1000))
	case "COMMIT_SERIALIZATION":
		a.CommitInOrder = true
	case "LOOK_AHEAD_TRANSACTIONS":
		a.LookAhead = c.count(1)
	default:
		return false
	}
	return true
}

func (c *cursor) batch() *Batch {
	b := &Batch{}
	for c.more() {
		switch {
		case c.word("BATCHERRORMODE"):
			b.ErrorMode = true
		case c.word("NOBATCHERRORMODE"):
			b.ErrorMode = false
		case c.word("CHECKUNIQUEKEYS"):
			b.CheckUniqueKeys = true
		case c.word("BATCHESPERQUEUE"):
			b.BatchesPerQueue = c.count(1)
		case c.word("BATCHTRANSOPS"):
			b.TransOps = c.count(1)
		case c.word("BYTESPERQUEUE"):
			b.BytesPerQueue = c.count(1)
		case c.word("OPSPERBATCH"):
			b.OpsPerBatch = c.count(1)
		case c.word("OPSPERQUEUE"):
			b.OpsPerQueue = c.count(1)
		case c.word("TRACE"):
		case c.word("THREADS", "THREAD"):
			c.parens()
		default:
			c.unexpected("BATCHERRORMODE", "BATCHESPERQUEUE", "BATCHTRANSOPS", "BYTESPERQUEUE",
				"OPSPERBATCH", "OPSPERQUEUE", "CHECKUNIQUEKEYS")
		}
	}
	return b
}

func (c *cursor) badChar() BadChar {
	var b BadChar
	for c.more() {
		switch {
		case c.word("FORCECHECK"):
			b.ForceCheck = true
		case c.word("NOWARNING"):
			b.NoWarning = true
		default:
			b.Action = c.upper("an action")
			if b.Action == "SUBSTITUTE" {
				b.Substitute = c.value("a character")
			}
		}
	}
	return b
}

// dbOptions reads those of DBOPTIONS that are acted on.
func (a *ApplyOptions) dbOptions(c *cursor) {
	for c.more() {
		switch {
		case c.word("LIMITROWS"):
			a.LimitRows = true
		case c.word("NOLIMITROWS"):
			a.LimitRows = false
		case c.word("SUPPRESSTRIGGERS"):
			a.SuppressTriggers, a.NoSuppressTriggers = true, false
		case c.word("NOSUPPRESSTRIGGERS"):
			a.SuppressTriggers, a.NoSuppressTriggers = false, true
		case c.word("DEFERREFCONST"):
			a.DeferConstraints = true
		case c.word("ALLOWLOBDATATRUNCATE"):
			a.AllowLobDataTruncate = true
		case c.word("NOALLOWLOBDATATRUNCATE"):
			a.AllowLobDataTruncate = false
		case c.word("EMPTYLOBSTRING"):
			a.EmptyLobString = c.value("a text")
		case c.word("EMPTYSTRING"):
			a.EmptyString = c.choice("NULL", "BLANK", "REFUSE")
		case c.word("HOST", "CONNECTIONPORT"):
			c.value("a value") // ReadLogin's
		default:
			a.Others = c.carry(a.Others, dbOptions)
		}
	}
}
