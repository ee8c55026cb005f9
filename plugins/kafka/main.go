// Command kafka is the target handler for Kafka.
//
// It is started by Replicat, not by people; docs/KAFKA.md says what it writes.
// Its law: the messages of a batch and the group's position are one Kafka
// transaction. What a reader of committed messages sees is the source's history,
// each operation once, and the position that Open tells is where it ends.
package main

import "ggsh/handler"

func main() { handler.Serve(newTarget()) }
