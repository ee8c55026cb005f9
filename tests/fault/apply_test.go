package fault

import "testing"

func TestARowThatTheTargetRefusesStopsReplicatAndIsInTheDiscardFile(t *testing.T) {
	p := filePair(t)
	replicatFile(p, p.TargetData.Login, "DISCARDFILE ./dirrpt/rora.dsc, APPEND")
	p.Start()
	insert(t, p, 1, 2)
	arrived(t, p, 2)
	p.TargetData.Exec(t, "DELETE FROM emp WHERE id = 1")
	p.SourceData.Exec(t, "UPDATE emp SET sal = 99 WHERE id = 1")
	abends(t, p.Target, "rora", "OGG-01296", "main.emp", "discard file")
	says(t, p.Target, "dirrpt/rora.dsc", "main.emp", "id = 1", "sal = 99", "rba")
	p.TargetData.Exec(t, "INSERT INTO emp VALUES (1, 'name 1', 1)")
	p.Target.Run("start rora")
	p.WaitEqual(t, "emp")
}

func TestReperrorDiscardWritesTheRowDownAndGoesOn(t *testing.T) {
	p := filePair(t)
	replicatFile(p, p.TargetData.Login, "DISCARDFILE ./dirrpt/rora.dsc, APPEND",
		"REPERROR (DEFAULT, DISCARD)")
	p.Start()
	insert(t, p, 1, 3)
	arrived(t, p, 3)
	p.TargetData.Exec(t, "DELETE FROM emp WHERE id = 1")
	p.SourceData.Exec(t, "UPDATE emp SET name = 'lost' WHERE id = 1",
		"UPDATE emp SET name = 'kept' WHERE id = 2")
	insert(t, p, 4, 4)
	arrived(t, p, 4)
	says(t, p.Target, "dirrpt/rora.dsc", "main.emp", "id = 1", "lost")
	out := p.Target.Run("stats rora, total")
	if missing := lacking(out, []string{total("discards", 1)}); missing != nil {
		t.Errorf("%q is not in:\n%s", missing, out)
	}
	p.SourceData.Exec(t, "DELETE FROM emp WHERE id = 1")
	insert(t, p, 5, 5)
	p.WaitEqual(t, "emp")
}

func TestHandlecollisionsOverwritesWhatIsThereAndPassesOverWhatIsNot(t *testing.T) {
	p := filePair(t)
	replicatFile(p, p.TargetData.Login, "HANDLECOLLISIONS")
	p.TargetData.Exec(t, "INSERT INTO emp VALUES (1, 'of the load', 0), (2, 'of the load', 0)")
	p.SourceData.Exec(t, "INSERT INTO emp VALUES (1, 'n', 1), (2, 'n', 2), (3, 'n', 3)")
	p.Start()
	p.WaitEqual(t, "emp")
	p.TargetData.Exec(t, "DELETE FROM emp WHERE id = 3")
	p.SourceData.Exec(t, "DELETE FROM emp WHERE id = 3", "UPDATE emp SET sal = 7 WHERE id = 2")
	insert(t, p, 9, 9)
	p.WaitEqual(t, "emp")
	p.Target.Run("send rora, nohandlecollisions")
	p.TargetData.Exec(t, "INSERT INTO emp VALUES (20, 'there', 0)")
	insert(t, p, 20, 20)
	abends(t, p.Target, "rora", "main.emp")
}
