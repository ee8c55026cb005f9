package handler

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strconv"
	"sync"
	"syscall"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"
)

// boundaryVersion is the version of the message form in wire.go, beneath the
// contract's ProtocolVersion. A change breaks the start of older plugins.
const boundaryVersion = 1

// parentVariable names the file descriptor whose end of file tells a plugin
// that its host has ended.
const parentVariable = "GGSH_PLUGIN_PARENT_FD"

const serviceName = "ggsh.Handler"

// handshake lets a plugin started by hand say what it is.
func handshake() plugin.HandshakeConfig {
	return plugin.HandshakeConfig{ProtocolVersion: boundaryVersion,
		MagicCookieKey: "GGSH_PLUGIN", MagicCookieValue: "target-handler"}
}

// Serve is the whole main of a plugin: it answers the calls of the program that
// started it and returns when that asks for the end. When that program ends
// without asking, however it ends, this process is killed at once, so that no
// second writer survives.
func Serve(h Handler) {
	if os.Getenv("GOGC") == "" {
		// What lives is little and what passes through is much: collected at each
		// few megabytes, that takes a tenth of the processor time.
		debug.SetGCPercent(400)
	}
	if fd, err := strconv.Atoi(os.Getenv(parentVariable)); err == nil {
		syscall.CloseOnExec(fd)
		go dieWithHost(os.NewFile(uintptr(fd), "host"))
	}
	plugin.Serve(&plugin.ServeConfig{
		HandshakeConfig: handshake(),
		Plugins:         plugin.PluginSet{"handler": &grpcPlugin{handler: h}},
		Logger:          hclog.New(&hclog.LoggerOptions{Level: hclog.Error, Output: os.Stderr}),
		GRPCServer: func(opts []grpc.ServerOption) *grpc.Server {
			return grpc.NewServer(append(opts, grpc.MaxRecvMsgSize(maxMessageBytes),
				grpc.MaxSendMsgSize(maxMessageBytes), grpc.ForceServerCodecV2(newBlockCodec()))...)
		},
	})
	if err := h.Close(); err != nil {
		fmt.Fprintln(os.Stderr, "close:", err)
	}
}

// dieWithHost waits for the end of the pipe that the host holds and kills this
// process. There is no last word: whoever comes next must find one writer.
func dieWithHost(pipe *os.File) {
	// Nobody writes; whatever comes back, the host's end is gone.
	_, _ = io.Copy(io.Discard, pipe)
	if self, err := os.FindProcess(os.Getpid()); err == nil {
		_ = self.Kill()
	}
}

// grpcPlugin joins a handler to go-plugin; on the host's side it has none.
type grpcPlugin struct {
	plugin.NetRPCUnsupportedPlugin
	handler Handler
}

// GRPCServer registers the service in the plugin.
func (p *grpcPlugin) GRPCServer(_ *plugin.GRPCBroker, s *grpc.Server) error {
	s.RegisterService(serviceDescription(), &server{handler: p.handler})
	return nil
}

// GRPCClient gives the host the connection and the context that ends with the process.
func (p *grpcPlugin) GRPCClient(ctx context.Context, _ *plugin.GRPCBroker,
	conn *grpc.ClientConn) (any, error) {
	return &connection{conn: conn, ended: ctx.Done()}, nil
}

// serviceDescription is what protoc would write.
func serviceDescription() *grpc.ServiceDesc {
	d := &grpc.ServiceDesc{ServiceName: serviceName, HandlerType: (*answerer)(nil)}
	for _, name := range []string{"Describe", "Open", "Table", "Apply", "Query", "Close"} {
		d.Methods = append(d.Methods, grpc.MethodDesc{MethodName: name,
			Handler: func(srv any, ctx context.Context, decode func(any) error,
				_ grpc.UnaryServerInterceptor) (any, error) {
				var in block
				if err := decode(&in); err != nil {
					return nil, err
				}
				return srv.(answerer).answer(ctx, name, &in)
			}})
	}
	return d
}

type answerer interface {
	answer(ctx context.Context, method string, in *block) (*block, error)
}

// server answers calls by a handler, one at a time.
type server struct {
	mu      sync.Mutex
	handler Handler
}

func (s *server) answer(ctx context.Context, method string, in *block) (*block, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	result, err := s.call(ctx, method, in)
	return packReply(result, err)
}

func (s *server) call(ctx context.Context, method string, in *block) (any, error) {
	switch method {
	case "Describe":
		return hello{Protocol: ProtocolVersion, Description: s.handler.Describe()}, nil
	case "Open":
		var cfg Config
		if err := json.Unmarshal(in.head, &cfg); err != nil {
			return nil, fmt.Errorf("handler: open: %w", err)
		}
		return s.handler.Open(ctx, cfg)
	case "Table":
		var name TableName
		if err := json.Unmarshal(in.head, &name); err != nil {
			return nil, fmt.Errorf("handler: table: %w", err)
		}
		def, err := s.handler.Table(ctx, name)
		if err != nil {
			return nil, err
		}
		return wireTable{ID: def.ID, Def: def}, nil
	case "Apply":
		b, err := unpackBatch(in)
		if err != nil {
			return nil, err
		}
		if len(b.Ops) > MaxBatchBytes {
			return nil, tooLong(len(b.Ops))
		}
		return s.handler.Apply(ctx, b)
	case "Query":
		var q Query
		if err := json.Unmarshal(in.head, &q); err != nil {
			return nil, fmt.Errorf("handler: query: %w", err)
		}
		querier, ok := s.handler.(Querier)
		if !ok {
			return nil, &ApplyError{Class: Setup, Op: -1, Text: "the handler knows no SQL"}
		}
		return querier.Query(ctx, q)
	case "Close":
		return nil, s.handler.Close()
	}
	return nil, fmt.Errorf("handler: no method %s", method)
}
