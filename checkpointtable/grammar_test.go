package checkpointtable

import "testing"

// TestNumbered: what stands between quotes is no placeholder.
func TestNumbered(t *testing.T) {
	for text, want := range map[string]string{
		"":                              "",
		"a = ? AND b = ?":               "a = :1 AND b = :2",
		`"o?d" = ? AND c = '?''?' || ?`: `"o?d" = :1 AND c = '?''?' || :2`,
		`"a""?" = ?`:                    `"a""?" = :1`,
		`'?`:                            `'?`,
	} {
		if got := Numbered(text); got != want {
			t.Errorf("%s: %s, not %s", text, got, want)
		}
	}
}

// TestOracleNames: without quotes they are meant in upper case.
func TestOracleNames(t *testing.T) {
	g, err := grammarOf(Oracle)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"ggadmin.ggs_checkpoint": `"GGADMIN"."GGS_CHECKPOINT"`,
		"chk":                    `"CHK"`,
		`GGADMIN."odd""name"`:    "",
		`GGADMIN."odd.name"`:     `"GGADMIN"."odd.name"`,
	} {
		got := ""
		if n, err := ParseName(name); err == nil {
			got = g.quote(n)
		}
		if got != want {
			t.Errorf("%s: %s, not %s", name, got, want)
		}
	}
	text, err := AdvanceSQL(Oracle, Name{Schema: "gg", Table: "chk"})
	if want := `UPDATE "GG"."CHK" SET seqno = :1, rba = :2, audit_ts = :3, log_bsn = :4, ` +
		`log_csn = :5, log_xid = :6, log_cmplt_csn = :7, log_cmplt_xids = :8, last_update_ts = :9 ` +
		`WHERE group_name = :10 AND group_key = :11 AND seqno = :12 AND rba = :13`; err != nil ||
		text != want {
		t.Errorf("%s, %v", text, err)
	}
}
