// Package oracle proves the capture of Oracle databases against a database: the live
// suite against the one that ORACLE_DSN names, the tutorials against a stand-in.
//
// It tests no part alone: those tests lie beside the parts. Its law: what is compared
// with the trail comes from the database by another way.
package oracle
