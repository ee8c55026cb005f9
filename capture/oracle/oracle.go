// Package oracle captures the committed transactions of Oracle databases through
// LogMiner, in commit order, in the binary form of package record.
//
// It reads no log file itself and changes nothing in the database; it filters by table
// name only and leaves parameters to package extract. Its law: a transaction is
// delivered whole or not at all, once and in the order of system change numbers,
// whatever happens to the connection or the logs; and what LogMiner does not tell for
// sure stops the capture with a message instead of passing through.
package oracle
