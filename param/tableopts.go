package param

// optionForm says what follows an option of TABLE or MAP.
type optionForm uint8

const (
	formAlone   optionForm = iota // nothing
	formNamed                     // an object's name
	formColumns                   // (col, ...)
	formList                      // a list with its own reader
	formValue                     // a word or a quoted text
)

// tableOption is a row of the table of options.
type tableOption struct {
	programs Program // Extract: in TABLE; Replicat: in MAP
	form     optionForm
	support  Support
	instead  string
}

// noFetch says what to do instead of reading columns that a record lacks.
const noFetch = "records have the columns that the log has: let it hold them, with full row images or " +
	"ADD TRANDATA ..., ALLCOLS"

// tableOptions are the options of TABLE and MAP.
var tableOptions = map[string]tableOption{
	"TARGET":     {programs: process, form: formNamed},
	"COLS":       {programs: Extract, form: formColumns},
	"COLSEXCEPT": {programs: Extract, form: formColumns},
	"KEYCOLS":    {programs: process, form: formColumns},
	"FETCHCOLS": {programs: Extract, form: formColumns, support: Refused,
		instead: noFetch},
	"FETCHCOLSEXCEPT": {programs: Extract, form: formColumns, support: Refused,
		instead: noFetch},
	"FETCHMODCOLS": {programs: Extract, form: formColumns, support: Refused,
		instead: noFetch},
	"FETCHMODCOLSEXCEPT": {programs: Extract, form: formColumns, support: Refused,
		instead: noFetch},
	"FETCHBEFOREFILTER": {programs: Extract, support: Recognised,
		instead: "nothing is fetched: FILTER sees what the log has"},
	"COLMAP":             {programs: process, form: formList},
	"FILTER":             {programs: process, form: formList},
	"WHERE":              {programs: process, form: formList},
	"TOKENS":             {programs: Extract, form: formList},
	"SQLEXEC":            {programs: process, form: formList},
	"EVENTACTIONS":       {programs: process, form: formList},
	"GETBEFORECOLS":      {programs: Extract, form: formList},
	"COMPARECOLS":        {programs: Replicat, form: formList},
	"RESOLVECONFLICT":    {programs: Replicat, form: formList},
	"REPERROR":           {programs: Replicat, form: formList},
	"MAPEXCEPTION":       {programs: Replicat, form: formList},
	"EXCEPTIONSONLY":     {programs: Replicat},
	"SQLPREDICATE":       {programs: Extract, form: formValue},
	"INSERTALLRECORDS":   {programs: Replicat},
	"NOINSERTALLRECORDS": {programs: Replicat},
	"HANDLECOLLISIONS":   {programs: Replicat},
	"NOHANDLECOLLISIONS": {programs: Replicat},
	"TRIMSPACES":         {programs: process},
	"NOTRIMSPACES":       {programs: process},
	"TRIMVARSPACES":      {programs: process},
	"NOTRIMVARSPACES":    {programs: process},
	"DEF": {programs: process, form: formNamed, support: Recognised,
		instead: "each table has its own definition, from the trail or the file of SOURCEDEFS"},
	"TARGETDEF": {programs: process, form: formNamed, support: Recognised,
		instead: "the target is asked for the definition of each table, or the file of TARGETDEFS is"},
	"EXITPARAM":   {programs: process, form: formValue, support: Recognised, instead: "there are no user exits"},
	"THREAD":      {programs: Replicat, form: formList, support: Recognised, instead: oneApplier},
	"THREADRANGE": {programs: Replicat, form: formList, support: Recognised, instead: oneApplier},
	"COORDINATED": {programs: Replicat, support: Recognised, instead: oneApplier},
	"MAPALLCOLUMNS": {programs: Replicat, support: Recognised,
		instead: "the database's default fills columns that are not mapped"},
	"NOMAPALLCOLUMNS":     {programs: Replicat},
	"ALLOWDUPTARGETMAP":   {programs: Replicat},
	"NOALLOWDUPTARGETMAP": {programs: Replicat},
	"INSERTAPPEND": {programs: Replicat, support: Recognised,
		instead: "rows are inserted without the hint"},
	"NOINSERTAPPEND": {programs: Replicat},
	"MAPINVISIBLECOLUMNS": {programs: Replicat, support: Recognised,
		instead: "columns that the trail carries are mapped"},
	"NOMAPINVISIBLECOLUMNS": {programs: Replicat},
	"CHARSET": {programs: process, form: formList, support: Refused,
		instead: "characters would be read otherwise than it says"},
	"COLCHARSET": {programs: process, form: formList, support: Refused,
		instead: "characters would be read otherwise than it says"},
	"ATTRCHARSET": {programs: process, form: formList, support: Refused,
		instead: "characters would be read otherwise than it says"},
	"PARTITION": {programs: process, form: formList, support: Refused,
		instead: "other partitions would be taken too"},
	"PARTITIONEXCLUDE": {programs: process, form: formList, support: Refused,
		instead: "these partitions would be taken"},
	"PARTIALCOLSOK": {programs: Replicat, support: Recognised, instead: nothing},
	"NAMEDROWS":     {programs: process, support: Recognised, instead: nothing},
	"DETECTDUPS":    {programs: process, support: Recognised, instead: nothing},
}
