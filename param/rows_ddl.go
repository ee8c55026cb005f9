package param

// ddlRows are those of DDL replication.
var ddlRows = []Spec{
	{Name: "DDL", Programs: process, Priority: P1, MayEnd: true,
		Syntax: "DDL " + ddlScope, Default: "off",
		Help: "DDL to replicate, see docs/DDL.md: between MySQL and MariaDB. To files and topics " +
			"no DDL is sent."},
	{Name: "DDLERROR", Programs: process, Priority: P1, Multi: true, MayEnd: true,
		Syntax: "DDLERROR {DEFAULT|n} any", Default: "ABEND", Help: "What to do about an error of DDL."},
	{Name: "DDLOPTIONS", Programs: process, Priority: P1, Multi: true, MayEnd: true,
		Syntax: "DDLOPTIONS " + ddlOptions, Help: "Details of DDL replication: REPORT; the others " +
			"are warned of."},
	{Name: "DDLSUBST", Programs: process, Priority: P2, Multi: true,
		MayEnd: true, Syntax: "DDLSUBST string WITH string " + ddlScope,
		Help: "Text to replace in DDL, in any case of letters."},
	{Name: "DDLRULEHINT", Programs: process | Globals, Priority: P2, Support: Recognised,
		Syntax: "DDLRULEHINT any", Help: "Hint for trigger based DDL capture.",
		Instead: "no DDL is captured by trigger"},
}

const (
	ddlScope = "[INCLUDE] [EXCLUDE] [MAPPED] [UNMAPPED] [OTHER] [ALL] [OPTYPE value [TABLE]] " +
		"[OBJTYPE value] [SOURCECATALOG name] [ALLCATALOGS] [OBJNAME name] [INSTR string] " +
		"[INSTRCOMMENTS string] [INSTRWORDS string] [INSTRCOMMENTSWORDS string] [STAYMETADATA] " +
		"[EVENTACTIONS parens]"

	ddlOptions = "[REPORT] [NOREPORT] [ADDTRANDATA [{ABEND|parens}] [RETRYOP] [RETRYDELAY n] " +
		"[MAXRETRIES n]] [NOADDTRANDATA] [GETREPLICATES] [IGNOREREPLICATES] [GETAPPLOPS] " +
		"[IGNOREAPPLOPS] [MAPDERIVED] [NOMAPDERIVED] [MAPSESSIONSCHEMA name] [TARGET name] " +
		"[MAPSCHEMAS] [CAPTUREGLOBALTEMPTABLE] [CROSSRENAME] [NOCROSSRENAME] " +
		"[DEFAULTUSERPASSWORD secret] [DEFAULTUSERPASSWORDALIAS value] [DOMAIN value] " +
		"[PASSWORD value] [BLOWFISH] [AES128] [AES192] [AES256] [ENCRYPTKEY value] " +
		"[REMOVECOMMENTS {BEFORE|AFTER}] [REPLICATEPASSWORD] [NOREPLICATEPASSWORD] [NOTAG] " +
		"[TAG value] [USEPASSWORDVERIFIERLEVEL n] [USEOWNERFORSESSION] [NOUSEOWNERFORSESSION] " +
		"[_USEOWNERFORSESSION] [SUPPRESSTRIGGERS] [UPDATEMETADATA]"
)

// oldRows are parameters of other platforms and of old releases.
var oldRows = []Spec{
	old("ALTINPUT", "NonStop only."),
	old("AUDITRETRYDELAY", "NonStop only."),
	old("CONVERTUCS2CLOBS", "Oracle 8 and 9 only."),
	old("DSOPTIONS", "Teradata only."),
	old("FASTIO", "NonStop only."),
	old("GETNETCHANGES", "NonStop only."),
	old("LAGSTATS", "Old form of lag statistics."),
	old("NETWORKCHECKPOINTS", "NonStop only."),
	old("OMITAUDITGAPCHECK", "NonStop only."),
	old("PASSTHRUMESSAGES", "Old form of messages."),
	old("READER", "NonStop only."),
	old("SUPPRESSFETCHCOMPRESSEDUPDATES", "NonStop only."),
	old("TRANSMEMORY", "Replaced by CACHEMGR."),
	old("TMFEXCLUDETRANS", "NonStop only."),
	old("Y2KCENTURYADJUSTMENT", "NonStop only."),
	old("NOY2KCENTURYADJUSTMENT", "NonStop only."),
	old("GETPHYSICALRBA", "Old form of positions."),
	old("MAXFETCHSTATEMENTS", "Replaced by FETCHOPTIONS."),
	old("LOGGGSCMDS", "NonStop only."),
	old("TCPBUFSIZE", "Stands in RMTHOST."),
	old("STREAMING", "Stands in RMTHOST."),
}

// old is the row of a parameter that does nothing here.
func old(name, help string) Spec {
	return Spec{Name: name, Programs: process, Syntax: name + " any", Priority: NA,
		Support: Recognised, Multi: true, Help: help, Instead: nothing}
}
