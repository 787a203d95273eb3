// The echo service on grpc-go: grpc_go PORT. On SIGUSR2 it prints "MALLOCS n" to stderr, as count_allocations.c does for
// programs that use the C library's heap.
package main

import (
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
	server := grpc.NewServer(grpc.MaxRecvMsgSize(messageLimit), grpc.MaxSendMsgSize(messageLimit))
	pb.RegisterEchoServer(server, echo{})
	log.Fatal(server.Serve(listener))
}
