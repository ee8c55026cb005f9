package server

import (
	"context"
	"os"
	"path/filepath"
)

// ParquetTool runs parquet-cli, which reads Parquet and Avro files with code that is
// not ours: ParquetTool(ctx, "cat", file) prints a record a line, "schema" and "meta"
// say what else is in a file. For files in an HDFS see HDFS.Tool with ParquetMain.
func ParquetTool(ctx context.Context, args ...string) (string, error) {
	return localHadoop(ctx, ParquetMain, args)
}

// ParquetMain is parquet-cli's main class.
const ParquetMain = "org.apache.parquet.cli.Main"

// AvroJSON reads an Avro file of this machine with Avro's own code and gives its
// records in Avro's JSON encoding, one a line; it may escape characters. For files in an HDFS, HDFS.Shell with
// "-text" does the same.
func AvroJSON(ctx context.Context, file string) (string, error) {
	path, err := filepath.Abs(file)
	if err != nil {
		return "", err
	}
	return localHadoop(ctx, "org.apache.hadoop.fs.FsShell", []string{"-text", "file://" + path})
}

// localHadoop runs a main class of Hadoop's jars without a cluster.
func localHadoop(ctx context.Context, main string, args []string) (string, error) {
	soft, err := provision(ctx, KindHDFS, os.Stderr, false)
	if err != nil {
		return "", err
	}
	conf, err := os.MkdirTemp("", "ggsh-conf-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(conf)
	if err := writeConf(conf, "WARN", map[string]string{
		"fs.defaultFS": "file:///", "hadoop.tmp.dir": conf}); err != nil {
		return "", err
	}
	return soft.runJava(ctx, javaRun{main: main, args: args, options: []string{"-Xmx256m"},
		classes: []string{conf}})
}
