package server

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Loggers of daemons say everything, those of tools what went wrong: what tools print
// is compared by tests.
const (
	hadoopLogging = `log4j.rootLogger=%s,console
log4j.appender.console=org.apache.log4j.ConsoleAppender
log4j.appender.console.target=System.err
log4j.appender.console.layout=org.apache.log4j.PatternLayout
log4j.appender.console.layout.ConversionPattern=%%d{ISO8601} %%p %%c{1}: %%m%%n
log4j.logger.org.apache.hadoop.util.NativeCodeLoader=ERROR
log4j.logger.http.requests=WARN
`
	nameNodeClass = "org.apache.hadoop.hdfs.server.namenode.NameNode"
	dataNodeClass = "org.apache.hadoop.hdfs.server.datanode.DataNode"
)

// formatNameNode makes the storage of an empty NameNode.
func (s *software) formatNameNode(ctx context.Context, dir string) error {
	conf, err := os.MkdirTemp("", "ggsh-conf-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(conf)
	if err := writeConf(conf, "INFO", map[string]string{
		"fs.defaultFS":          "hdfs://127.0.0.1:1",
		"dfs.namenode.name.dir": "file://" + dir,
	}); err != nil {
		return err
	}
	_, err = s.runJava(ctx, javaRun{main: nameNodeClass, classes: []string{conf},
		args: []string{"-format", "-force", "-nonInteractive"}})
	return err
}

// makeDir lays out the cluster's folder, all but what depends on ports.
func (h *HDFS) makeDir() error {
	dir, claim, err := claimDir(h.opts.Dir)
	if err != nil {
		return err
	}
	h.Dir, h.claim = dir, claim
	h.nameNode = h.daemon("namenode", nameNodeClass)
	for i := range h.opts.DataNodes {
		h.dataNodes = append(h.dataNodes, h.daemon("datanode"+strconv.Itoa(i), dataNodeClass))
	}
	// The daemons' web servers refuse to start without folders of these names.
	for _, d := range []string{"tmp", "conf", "web/webapps/hdfs", "web/webapps/datanode",
		"web/webapps/static"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o700); err != nil {
			return fmt.Errorf("lay out the folder of an HDFS: %w", err)
		}
	}
	return nil
}

func (h *HDFS) daemon(name, class string) *daemon {
	return &daemon{name: name, dir: h.Dir, soft: h.soft, detached: h.opts.Detached, run: javaRun{
		main:    class,
		options: append([]string{"-Xmx256m"}, h.opts.Java...),
		classes: []string{filepath.Join(h.Dir, name+".conf"), filepath.Join(h.Dir, "web")},
	}}
}

// configure chooses ports, writes all configurations and lays out the storage anew.
func (h *HDFS) configure() error {
	ports, err := freePorts(2 + 3*len(h.dataNodes))
	if err != nil {
		return err
	}
	h.Port, h.HTTPPort = ports[0], ports[1]
	client := h.clientSite()
	if err := writeConf(h.ConfDir(), "WARN", client); err != nil {
		return err
	}
	if err := h.newStorage(filepath.Join(h.Dir, "name")); err != nil {
		return err
	}
	for i, d := range h.daemons() {
		site := h.daemonSite()
		if i > 0 {
			mine := ports[3*i-1:]
			site["dfs.datanode.data.dir"] = "file://" + filepath.Join(h.Dir, d.name)
			site["dfs.datanode.address"] = loopback(mine[0])
			site["dfs.datanode.ipc.address"] = loopback(mine[1])
			site["dfs.datanode.http.address"] = loopback(mine[2])
			if err := os.RemoveAll(filepath.Join(h.Dir, d.name)); err != nil {
				return err
			}
		}
		maps.Copy(site, client)
		if err := writeConf(d.run.classes[0], "INFO", site); err != nil {
			return err
		}
	}
	return nil
}

func loopback(port int) string { return "127.0.0.1:" + strconv.Itoa(port) }

// newStorage copies the formatted storage and gives it an identity of its own: a
// DataNode whose NameNode was killed must never join another cluster that got the port.
func (h *HDFS) newStorage(dir string) error {
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	if err := copyTree(context.Background(), h.soft.Template, dir); err != nil {
		return err
	}
	file := filepath.Join(dir, "current", "VERSION")
	text, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("read the formatted storage: %w", err)
	}
	id := make([]byte, 16)
	rand.Read(id)
	var out bytes.Buffer
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "clusterID=") {
			line = "clusterID=CID-" + hex.EncodeToString(id) + "\n"
		}
		out.WriteString(line)
	}
	return os.WriteFile(file, out.Bytes(), 0o600)
}

// clientSite is what clients and daemons know.
func (h *HDFS) clientSite() map[string]string {
	site := map[string]string{
		"fs.defaultFS":              h.URI(),
		"hadoop.tmp.dir":            filepath.Join(h.Dir, "tmp"),
		"dfs.namenode.http-address": loopback(h.HTTPPort),
		"dfs.replication":           strconv.Itoa(h.opts.Replication),
		"dfs.permissions.enabled":   strconv.FormatBool(h.opts.Permissions),
		"dfs.client.socket-timeout": "20000",
		"fs.trash.interval":         "0",
		// For minutes the NameNode keeps the room of each block that a failed write had
		// begun: of the usual size, a test with many retries fills a disk by that.
		"dfs.blocksize":              "33554432",
		"ipc.client.connect.timeout": "5000",
		// A NameNode that is gone is told in seconds, not minutes.
		"ipc.client.connect.max.retries":    "3",
		"ipc.client.connect.retry.interval": "300",
		// The first look whether a closed file has its replicas.
		"dfs.client.block.write.locateFollowingBlock.initial.delay.ms": "50",
	}
	maps.Copy(site, h.opts.Site)
	return site
}

// daemonSite is what daemons know besides: above all, to be quick.
func (h *HDFS) daemonSite() map[string]string {
	return map[string]string{
		"dfs.namenode.name.dir":           "file://" + filepath.Join(h.Dir, "name"),
		"dfs.namenode.safemode.extension": "0",
		// A DataNode is stale after 3 seconds, and dead after 2*0.5 + 10*1.
		"dfs.heartbeat.interval":                               "1",
		"dfs.namenode.heartbeat.recheck-interval":              "500",
		"dfs.namenode.stale.datanode.interval":                 "3000",
		"dfs.namenode.avoid.read.stale.datanode":               "true",
		"dfs.namenode.avoid.write.stale.datanode":              "true",
		"dfs.namenode.redundancy.interval.seconds":             "1s",
		"dfs.namenode.fs-limits.min-block-size":                "512",
		"dfs.namenode.datanode.registration.ip-hostname-check": "false",
		"dfs.namenode.acls.enabled":                            "true",
		"dfs.datanode.hostname":                                "127.0.0.1",
		"dfs.datanode.du.reserved":                             "0",
		// Disks are not watched, scanned or measured: an instance lives for minutes.
		"fs.getspaceused.classname":                 "org.apache.hadoop.fs.DFCachingGetSpaceUsed",
		"dfs.block.scanner.volume.bytes.per.second": "0",
		"dfs.datanode.directoryscan.interval":       "-1",
		"dfs.disk.balancer.enabled":                 "false",
		"dfs.namenode.decommission.interval":        "1s",
	}
}

// writeConf writes the properties as Hadoop reads them, and a configuration of logging.
func writeConf(dir, level string, site map[string]string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("write a configuration: %w", err)
	}
	core, hdfs := map[string]string{}, map[string]string{}
	for name, value := range site {
		if strings.HasPrefix(name, "dfs.") {
			hdfs[name] = value
		} else {
			core[name] = value
		}
	}
	for name, text := range map[string][]byte{
		"core-site.xml":    siteXML(core),
		"hdfs-site.xml":    siteXML(hdfs),
		"log4j.properties": fmt.Appendf(nil, hadoopLogging, level),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			return fmt.Errorf("write a configuration: %w", err)
		}
	}
	return nil
}

func siteXML(site map[string]string) []byte {
	var b bytes.Buffer
	b.WriteString("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<configuration>\n")
	for _, name := range slices.Sorted(maps.Keys(site)) {
		b.WriteString("  <property><name>")
		xml.EscapeText(&b, []byte(name))
		b.WriteString("</name><value>")
		xml.EscapeText(&b, []byte(site[name]))
		b.WriteString("</value></property>\n")
	}
	b.WriteString("</configuration>\n")
	return b.Bytes()
}
