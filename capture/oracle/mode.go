package oracle

// Mode is what LogMiner knows of the tables.
type Mode int

// The modes.
const (
	// Raw: no dictionary. Names are numbers and values are octets, which the capture
	// reads with definitions of its own.
	Raw Mode = iota
	// Catalog: the database's present dictionary (DICT_FROM_ONLINE_CATALOG).
	Catalog
)
