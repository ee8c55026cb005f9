package props

import (
	"fmt"
	"slices"
	"strings"

	"ggsh/ggserr"
)

// require reports what must be given and is not, and options of formats that
// the chosen one does not have.
func (l *loader) require() {
	format := l.cfg.format
	for i := range l.ix.rows {
		r := &l.ix.rows[i]
		if r.Owner != OfHandler || !r.serves(l.cfg.Type) ||
			l.ix.handlerRow(r.Name, l.cfg.Type, format) != r {
			continue
		}
		v := l.cfg.own[r.key()]
		if r.Required && v.text == "" {
			l.missing(r)
		}
		if v.given && len(r.Formats) > 0 && !slices.Contains(r.Formats,
			format) && r.Status == Works {
			l.notef(v.at, "Property gg.handler.%s.%s has no effect with the format %s; it is of %s",
				l.cfg.Handler, r.Name, format, strings.Join(r.Formats, ", "))
		}
	}
}

func (l *loader) missing(r *Row) {
	key := fmt.Sprintf("gg.handler.%s.%s", l.cfg.Handler, r.Name)
	err := ggserr.New(ggserr.PropertyWrong, "Property "+key+" is missing").
		Do("Add %s=<%s>.", key, r.Values())
	where := l.entry("gg.handler." + l.cfg.Handler + ".type").place(0)
	l.add(absent, at(err, where))
}

// give sets a value that follows from others.
func (l *loader) give(name, text string) {
	key := strings.ToLower(name)
	v := l.cfg.own[key]
	v.text = text
	l.cfg.own[key] = v
}

// derive gives the older properties in the form of the newer, so that a handler
// reads one of each.
func (l *loader) derive() {
	switch l.cfg.Type {
	case HDFS:
		l.deriveHDFS()
	case Kafka:
		l.deriveKafka()
	}
}

// superseded notes an older property beside the newer that counts.
func (l *loader) superseded(older, newer string) {
	l.notef(l.cfg.Where(older), "Property gg.handler.%s.%s has no effect beside %s",
		l.cfg.Handler, older, newer)
}

// deriveHDFS makes the path and file name of releases before 12.3.2 templates.
func (l *loader) deriveHDFS() {
	byTable := l.cfg.Bool("partitionByTable")
	if root := l.cfg.Text("rootFilePath"); l.cfg.Has("rootFilePath") {
		if l.cfg.Has("pathMappingTemplate") {
			l.superseded("rootFilePath", "pathMappingTemplate")
		} else if root = strings.TrimSuffix(root, "/"); byTable {
			l.give("pathMappingTemplate", root+"/${fullyQualifiedTableName}")
		} else {
			l.give("pathMappingTemplate", root+"/")
		}
	} else if !byTable && !l.cfg.Has("pathMappingTemplate") {
		l.give("pathMappingTemplate", "/ogg")
	}
	suffix, older := l.cfg.Text("fileSuffix"), l.cfg.Has("fileSuffix")
	switch {
	case l.cfg.Has("fileNameMappingTemplate"):
		if older {
			l.superseded("fileSuffix", "fileNameMappingTemplate")
		}
	case !byTable:
		l.give("fileNameMappingTemplate", "${groupName}_${currentTimestamp}"+suffix)
	case older || l.cfg.Has("rootFilePath"):
		l.give("fileNameMappingTemplate", "${fullyQualifiedTableName}_${currentTimestamp}"+suffix)
	}
}

// deriveKafka makes the topic of releases before 12.3.1 a template, and gives
// the key that they used where there is no template for it.
func (l *loader) deriveKafka() {
	byTable := l.cfg.Text("topicPartitioning") == "table"
	switch {
	case l.cfg.Has("topicMappingTemplate"):
		for _, older := range []string{"topicName", "topicPartitioning"} {
			if l.cfg.Has(older) {
				l.superseded(older, "topicMappingTemplate")
			}
		}
	case byTable:
		l.give("topicMappingTemplate", "${fullyQualifiedTableName}")
	case l.cfg.Has("topicName"):
		l.give("topicMappingTemplate", l.cfg.Text("topicName"))
	default:
		l.missing(l.ix.handlerRow("topicMappingTemplate", Kafka, ""))
	}
	switch {
	case l.cfg.Has("keyMappingTemplate"):
	case l.cfg.Text("mode") == "tx":
		l.give("keyMappingTemplate", "${null}")
	default:
		l.give("keyMappingTemplate", "${fullyQualifiedTableName}")
	}
	l.requireWhole()
}

// requireWhole refuses what differs between the operations of a transaction
// where all of them are one message.
func (l *loader) requireWhole() {
	if l.cfg.Text("mode") != "tx" {
		return
	}
	for _, name := range []string{"topicMappingTemplate", "keyMappingTemplate"} {
		t, f := parseTemplate(l.cfg.Text(name))
		if f != nil || !t.NeedsRow() {
			continue
		}
		where, key := l.cfg.Where(name), name
		if where.IsZero() {
			where, key = l.cfg.Where("topicPartitioning"), "topicPartitioning"
		}
		err := ggserr.New(ggserr.PropertyWrong,
			fmt.Sprintf("Property gg.handler.%s.%s: with mode=tx a "+
				"message holds a whole transaction, and this differs between its operations",
				l.cfg.Handler, key)).Do("Set gg.handler.%s.mode=op.", l.cfg.Handler)
		l.add(wrong, at(err, where))
	}
}
