// Urgent unary calls, one after another, beside bulk streams on the same connection, with grpc-go's client:
//
//	contention -port N [-bulk 8] [-direction download|upload] [-urgency 0|-1]
//
// It prints what it saw as a line of JSON; ../../../priority_client.cc says the same of Weft's client.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"os"
	"slices"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"

	"weft/bench/grpc_go/pb"
)

const (
	messageSize = 64 << 10
	warmUp      = 500 * time.Millisecond
)

var (
	port      = flag.Int("port", 20051, "of the server, on this machine")
	bulk      = flag.Int("bulk", 8, "bulk streams")
	mebibytes = flag.Int("mebibytes", 64, "of a bulk stream; then the next begins")
	direction = flag.String("direction", "download", "of the bulk: download or upload")
	urgency   = flag.Int("urgency", -1, "of the unary calls, the bulk's is 7 then; -1: nothing is said")
	gap       = flag.Int("gap-us", 1000, "microseconds between two unary calls")
	millis    = flag.Int("milliseconds", 2000, "to measure")
)

func withPriority(ctx context.Context, text string) context.Context {
	if *urgency < 0 {
		return ctx
	}
	return metadata.AppendToOutgoingContext(ctx, "priority", text)
}

func download(ctx context.Context, echo pb.EchoClient, moved *atomic.Int64) error {
	stream, err := echo.ServerStream(ctx, &pb.Payload{Body: make([]byte, messageSize), Id: int32(*mebibytes << 20 / messageSize)})
	if err != nil {
		return err
	}
	for {
		message, err := stream.Recv()
		if err != nil {
			return nil
		}
		moved.Add(int64(len(message.Body)))
	}
}

func upload(ctx context.Context, echo pb.EchoClient, moved *atomic.Int64) error {
	stream, err := echo.ClientStream(ctx)
	if err != nil {
		return err
	}
	message := &pb.Payload{Body: make([]byte, messageSize)}
	for i := 0; i < *mebibytes<<20/messageSize; i++ {
		if err := stream.Send(message); err != nil {
			return nil
		}
		moved.Add(messageSize)
	}
	_, err = stream.CloseAndRecv()
	return err
}

func main() {
	flag.Parse()
	move := map[string]func(context.Context, pb.EchoClient, *atomic.Int64) error{"download": download, "upload": upload}[*direction]
	if move == nil {
		log.Fatalf("-direction %s: download or upload", *direction)
	}
	connection, err := grpc.NewClient(fmt.Sprintf("127.0.0.1:%d", *port), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		log.Fatal(err)
	}
	echo := pb.NewEchoClient(connection)
	call := func() time.Duration {
		ctx, cancel := context.WithTimeout(withPriority(context.Background(), fmt.Sprintf("u=%d", *urgency)), 20*time.Second)
		defer cancel()
		begun := time.Now()
		if _, err := echo.Unary(ctx, &pb.Payload{Body: make([]byte, 32)}); err != nil {
			log.Fatal(err)
		}
		return time.Since(begun)
	}
	call()

	ctx, cancel := context.WithCancel(withPriority(context.Background(), "u=7, i"))
	var moved atomic.Int64
	for i := 0; i < *bulk; i++ {
		go func() {
			for ctx.Err() == nil {
				if err := move(ctx, echo, &moved); err != nil && ctx.Err() == nil {
					log.Fatal(err)
				}
			}
		}()
	}
	time.Sleep(warmUp)
	before, begun := moved.Load(), time.Now()
	var latencies []float64
	for time.Since(begun) < time.Duration(*millis)*time.Millisecond {
		latencies = append(latencies, float64(call().Nanoseconds())/1e3)
		time.Sleep(time.Duration(*gap) * time.Microsecond)
	}
	rate := float64(moved.Load()-before) / time.Since(begun).Seconds() / 1e6
	cancel()
	slices.Sort(latencies)
	at := func(share float64) float64 { return latencies[int(share*float64(len(latencies)-1))] }
	json.NewEncoder(os.Stdout).Encode(map[string]any{
		"calls": len(latencies), "p50_us": at(0.5), "p99_us": at(0.99), "max_us": at(1), "bulk_mb_s": rate})
}
