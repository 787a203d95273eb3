// The services of echo.proto on grpc-go: grpc_go PORT. On SIGUSR2 it prints "MALLOCS n" to stderr, as count_allocations.c does for
// programs that use the C library's heap.
package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"os/signal"
	"runtime"
	"syscall"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/encoding/proto"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/status"
	protobuf "google.golang.org/protobuf/proto"

	"weft/bench/grpc_go/pb"
)

const messageLimit = 64 << 20

type echo struct{ pb.UnimplementedEchoServer }

func (echo) Unary(_ context.Context, request *pb.Payload) (*pb.Payload, error) { return request, nil }

func (echo) ServerStream(request *pb.Payload, stream pb.Echo_ServerStreamServer) error {
	for i := int32(0); i < request.Id; i++ {
		if err := stream.Send(request); err != nil {
			return err
		}
	}
	return nil
}

func (echo) ClientStream(stream pb.Echo_ClientStreamServer) error {
	for taken := int32(0); ; taken++ {
		if _, err := stream.Recv(); err == io.EOF {
			return stream.SendAndClose(&pb.Payload{Id: taken})
		} else if err != nil {
			return err
		}
	}
}

func (echo) Bidi(stream pb.Echo_BidiServer) error {
	for {
		message, err := stream.Recv()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if err := stream.Send(message); err != nil {
			return err
		}
	}
}

// What bench.Store answers, serialized, by the size of the body.
var held = map[int32]mem.BufferSlice{}

func fillHeld() {
	for _, size := range []int32{16 << 10, 64 << 10, 1 << 20} {
		reply, err := protobuf.Marshal(&pb.Payload{Body: bytes.Repeat([]byte("w"), int(size))})
		if err != nil {
			log.Fatal(err)
		}
		held[size] = mem.BufferSlice{mem.SliceBuffer(reply)}
	}
}

// Hands on what is serialized already: a generated handler's reply would be serialized, and so copied, each time.
type codec struct{ encoding.CodecV2 }

func (c codec) Marshal(message any) (mem.BufferSlice, error) {
	if serialized, ok := message.(mem.BufferSlice); ok {
		return serialized, nil
	}
	return c.CodecV2.Marshal(message)
}

func fetch(_ any, _ context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
	var asked pb.Payload
	if err := decode(&asked); err != nil {
		return nil, err
	}
	reply, ok := held[asked.Id]
	if !ok {
		return nil, status.Errorf(codes.NotFound, "no body of %d bytes is held", asked.Id)
	}
	return reply, nil
}

var store = grpc.ServiceDesc{
	ServiceName: pb.Store_ServiceDesc.ServiceName,
	Methods:     []grpc.MethodDesc{{MethodName: "Fetch", Handler: fetch}},
}

func printAllocationsOnSignal() {
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGUSR2)
	for range asked {
		var memory runtime.MemStats
		runtime.ReadMemStats(&memory)
		fmt.Fprintf(os.Stderr, "MALLOCS %d\n", memory.Mallocs)
	}
}

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: grpc_go PORT")
	}
	go printAllocationsOnSignal()
	listener, err := net.Listen("tcp", "127.0.0.1:"+os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	fillHeld()
	server := grpc.NewServer(grpc.MaxRecvMsgSize(messageLimit), grpc.MaxSendMsgSize(messageLimit),
		grpc.ForceServerCodecV2(codec{encoding.GetCodecV2(proto.Name)}))
	pb.RegisterEchoServer(server, echo{})
	server.RegisterService(&store, nil)
	log.Fatal(server.Serve(listener))
}
