package main

import (
	"fmt"
	"strings"
	"time"
)

// introduction stands in front of the figures.
const introduction = `# Benchmarks

Written by the program ` + "`tests/bench`" + `; do not edit. To write it anew:

` + "```" + `
%s
` + "```" + `

Each figure stands beside that of a peer which did the same work in the same run. Contenders take
turns, each runs %d times, medians are shown. **Compare ratios, not absolute figures**: those are
the machine's and the hour's. A ratio above 1 means that ours is better, whatever the unit. A bar is
what we want of a machine like this with nothing else to do; no test depends on it.

## The machine

| | |
|---|---|
| processor | %d cores of %s |
| memory | %d MiB |
| kernel | Linux %s |
| Go | %s |
%s| day | %s, run of %s |
| load at the beginning (1, 5, 15 minutes) | %s |
| load at the end | %s |

A load at the beginning that is far above zero means that other work shared the cores.

## The work

A table of ten columns and some 200 bytes a row: a bigint key, an indexed int, char(120),
varchar(60), decimal, datetime(6), timestamp(3), enum, unsigned tinyint, varchar(40). Row binary
log, full images, full metadata, annotations on. Flush at commit 1 for every target; binary log of
the target off. Size: -scale %g.

%s
`

// remarks say how each stage was done.
func remarks() map[string]string {
	return map[string]string{
		"decode": "`mariadb-binlog -R --raw` copies the log over the network and decodes nothing: " +
			"the limit of any reader. The other two read the file and print it to nowhere. Ours " +
			"read over the network, decode, and write a trail that is made durable each 4 MiB. " +
			"The program extract is timed from its start, its maps and checkpoints included.",
		"trail": "Rows of some 200 bytes, ten a transaction. The plain writer writes as many bytes " +
			"from one buffer in memory.",
		"boundary": "The handler looks at each row's head and does nothing else, so that all that " +
			"is seen is the way to it. 100 k rows/s of a real target are 10 us a row. In the last " +
			"lines a handler of a real target, that of files, has the same work here and there; " +
			"processor time is that of both processes.",
		"apply": "Replicat runs and waits when the trail, written as Extract writes it, appears; " +
			"native replication has fetched its relay log; both are timed until the last " +
			"transaction is committed. All are checked by CHECKSUM TABLE at the end. Replicat " +
			"groups source transactions (GROUPTRANSOPS), native replication and the client commit " +
			"each. Processor time a row is that of A to D together, beside the server's.",
		"latency": "The time from the client's news of its commit to the first look that sees the " +
			"row at the target. Ours is the whole chain: extract, trail, data pump, collector, " +
			"trail, replicat, handler. The probe looks every 0.5 ms.",
		"load": "Ours are SOURCEISTABLE PARALLEL 2 into a trail and then a SPECIALRUN of that " +
			"trail, one program after the other, from the start of the first to the end of the " +
			"second. `mariadb-dump | mariadb` does both at once. SELECT INTO OUTFILE and LOAD DATA " +
			"are the servers' own, without a client: the limit of each half. The target is durable " +
			"at each commit; all are checked by CHECKSUM TABLE.",
		"format": "Inserts of the table above, as the operation that a handler gets, into bytes in " +
			"memory, without compression but for Parquet, by processor time. The standard library gets the row as a Go " +
			"struct or as strings, and the meta columns ready made, so it need not read values; " +
			"the length of its row is in brackets. For XML, Avro and Parquet it is a yardstick, not " +
			"the same work.",
		"files": "Transactions of ten rows of some 200 bytes. Ours are the programs replicat and " +
			"file, two processes, from the start of the first to its end, with a file that is " +
			"synced and published by a commit record. The loop has no boundary, no checkpoint, and " +
			"one file that it syncs.",
		"hdfs": "Two DataNodes and a NameNode on the same machine, two copies of each block. Ours " +
			"get batches of 1000 rows in transactions of ten, as Replicat sends them, and make " +
			"text of them; the shell copies a file with that text. The whole file is complete, and " +
			"in ours published by a commit record, at the end. Java runs with both compilers. What " +
			"is left out as the shell's start is a run of the shell that only looks at the root; of " +
			"some ten megabytes most of the rest is Java that has not compiled its loops yet.",
		"kafka": "One broker on the same machine, topics of four partitions, no compression. Ours " +
			"get batches of 1000 rows in transactions of ten and make JSON of them, with the " +
			"primary key as key; each batch and its position are one Kafka transaction that is " +
			"committed before the next begins. ProducerPerformance sends the same random message " +
			"of that length without key, and tells its own rate behind as much warming up as half " +
			"of the run; once with default properties, once with batch.size=1000000 and a " +
			"transactional.id, a commit every three seconds.",
	}
}

// command is how to run the bench again.
func (b *bench) command() string {
	text := "go run ./tests/bench"
	if b.scale != 1 {
		text += fmt.Sprintf(" -scale %g", b.scale)
	}
	if b.rounds != 3 {
		text += fmt.Sprintf(" -rounds %d", b.rounds)
	}
	if b.only != "" {
		text += " -only " + b.only
	}
	return text + " -doc docs/BENCHMARKS.md"
}

// document is docs/BENCHMARKS.md.
func (b *bench) document() string {
	m := &b.machine
	var text strings.Builder
	servers := ""
	for _, s := range m.servers() {
		servers += fmt.Sprintf("| %s | %s |\n", s[0], s[1])
	}
	fmt.Fprintf(&text, introduction, b.command(), b.rounds, m.Cores, m.CPU, m.MemoryMiB, m.Kernel,
		m.Go, servers, m.Day, m.Took.Round(time.Second), m.LoadBegin, m.LoadAtEnd, b.scale, b.sizes())
	for _, s := range stages() {
		var rows []figure
		for _, f := range b.figures {
			if f.Stage == s.name {
				rows = append(rows, f)
			}
		}
		if len(rows) > 0 {
			fmt.Fprintf(&text, "\n## %s\n\n%s\n\n%s", s.title, wrap(remarks()[s.name], 99),
				markdown(rows))
		}
	}
	return text.String()
}

// sizes lists the workloads.
func (b *bench) sizes() string {
	if b.source == nil {
		return "The workloads were not used in this run."
	}
	lines := []string{"| workload | rows | transactions | binary log |", "|---|---|---|---|"}
	for _, w := range b.source.workloads {
		lines = append(lines, fmt.Sprintf("| %s | %d | %d | %d MB |", w.title(), w.rows, w.txns,
			w.size/1e6))
	}
	return strings.Join(lines, "\n")
}

// markdown lays figures out for a document.
func markdown(figures []figure) string {
	line := func(cells []string) string { return "| " + strings.Join(cells, " | ") + " |\n" }
	text := line(heads()) + "|" + strings.Repeat("---|", len(heads())) + "\n"
	for i := range figures {
		cells := figures[i].cells()
		for n := range cells {
			cells[n] = strings.ReplaceAll(cells[n], "|", `\|`)
		}
		text += line(cells)
	}
	return text
}

// wrap breaks a text into lines.
func wrap(text string, width int) string {
	var b strings.Builder
	at := 0
	for _, word := range strings.Fields(text) {
		if at > 0 && at+1+len(word) > width {
			b.WriteByte('\n')
			at = 0
		}
		if at > 0 {
			b.WriteByte(' ')
			at++
		}
		b.WriteString(word)
		at += len(word)
	}
	return b.String()
}
