package service

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"muster/api"
	"muster/api/access"
	"muster/credentials"
	"muster/event"
	"muster/lookup"
	"muster/observe"
	"muster/profile"
	"muster/sink"
	"muster/stream"
	"muster/test/kit/redis"
)

// What a look-up meets in the benchmark.
const (
	benchShards   = 8
	benchProfiles = 2000
	benchSegments = 1000 // of which a profile is in a quarter
	benchPadding  = 5000 // bytes of a profile behind its memberships
)

// BenchmarkMemberships asks for the memberships of profiles as clients do, over
// loopback and connections that stay, of a real API and a real Redis. It tells
// how much CPU of the process each takes; the asking side is a part of it.
func BenchmarkMemberships(b *testing.B) {
	store := storeOfMemberships(b)
	address, token := apiOfMemberships(b, store)
	for _, lanes := range []int{1, 8} {
		b.Run(fmt.Sprintf("lanes=%d", lanes), func(b *testing.B) {
			var asked atomic.Int64
			var asking sync.WaitGroup
			b.ReportAllocs()
			before := usedCPU(b)
			b.ResetTimer()
			for range lanes {
				asking.Go(func() { askMemberships(b, address, token, &asked) })
			}
			asking.Wait()
			b.ReportMetric(float64(usedCPU(b)-before)/float64(b.N), "cpu-us/op")
		})
	}
}

// askMemberships asks over one connection until all lanes have asked enough.
func askMemberships(b *testing.B, address, token string, asked *atomic.Int64) {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		b.Error(err)
		return
	}
	defer conn.Close()
	answers := bufio.NewReaderSize(conn, 32<<10)
	var request []byte
	for i := asked.Add(1); i <= int64(b.N); i = asked.Add(1) {
		request = fmt.Appendf(request[:0], "GET /v1/profiles/u%d/memberships HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\n\r\n", i*7919%benchProfiles, token)
		if _, err := conn.Write(request); err != nil {
			b.Error(err)
			return
		}
		response, err := http.ReadResponse(answers, nil)
		if err != nil {
			b.Error(err)
			return
		}
		n, err := io.Copy(io.Discard, response.Body)
		_ = response.Body.Close() // it is read
		if err != nil || response.StatusCode != http.StatusOK || n < benchSegments {
			b.Errorf("%s with %d bytes: %v", response.Status, n, err)
			return
		}
	}
}

// storeOfMemberships returns a store of a deployment whose profiles are in a
// quarter of the segments.
func storeOfMemberships(b *testing.B) *sink.Store {
	server := redis.Start(b)
	config := sink.Default()
	config.Addresses, config.Buckets = []string{server.Address}, 1
	store, err := sink.New(b.Context(), config)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = store.Close() })
	if err := store.Init(b.Context(), benchShards); err != nil {
		b.Fatal(err)
	}
	var names []string
	for i := range benchSegments {
		names = append(names, profile.NameOfSegment(fmt.Sprintf("segment-%04d", (i*7919)%benchSegments)))
	}
	codec, _ := profile.NewCodec(&profile.Schema{}, nil, names)
	p := &profile.Profile{Version: 9, Generation: 1}
	for number := uint64(0); number < benchSegments; number += 4 {
		p.Retired = append(p.Retired, number)
	}
	blob := string(codec.Append(nil, p, 0)) + strings.Repeat("p", benchPadding)
	owner, err := stream.NewPartitioner("murmur2", benchShards)
	if err != nil {
		b.Fatal(err)
	}
	pipe := server.Client(b).Pipeline()
	for i := range benchProfiles {
		id := fmt.Sprintf("u%d", i)
		pipe.HSet(b.Context(), fmt.Sprintf("m:{s%d}:p:0", owner.Partition(id)), id, blob)
	}
	for shard := range benchShards {
		pipe.RPush(b.Context(), fmt.Sprintf("m:{s%d}:names", shard), names)
		pipe.HSet(b.Context(), fmt.Sprintf("m:{s%d}:meta", shard), "next", 1000, "clock", 1790000000000, "rules", "abcdef", "generation", 1, "swept", 1, "sweep", 1)
	}
	if _, err := pipe.Exec(b.Context()); err != nil {
		b.Fatal(err)
	}
	return store
}

// apiOfMemberships serves the API as the service does, and returns where, and a
// token.
func apiOfMemberships(b *testing.B, store *sink.Store) (address, secret string) {
	reader, err := lookup.New(b.Context(), store, lookup.Options{Partitioner: "murmur2", Events: event.Default()})
	if err != nil {
		b.Fatal(err)
	}
	secret, token, err := access.Create("bench", []access.Scope{access.Read})
	if err != nil {
		b.Fatal(err)
	}
	config := api.Default()
	config.Tokens = credentials.NewSecret(token.Line())
	config.Rate, config.Burst = 1e9, 1e9
	core := zapcore.NewCore(zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig()), zapcore.AddSync(&bytes.Buffer{}), zap.ErrorLevel)
	log := zap.New(core)
	s := &Service{watch: observe.New(log)}
	server, err := api.New(config, api.Parts{Log: log, Audit: log, Segments: reader, Profiles: reader, Past: reader, Observer: s.observeAPI()})
	if err != nil {
		b.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	go func() { _ = server.Serve(b.Context(), listener) }()
	return listener.Addr().String(), secret
}

func usedCPU(b *testing.B) int64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return (u.Utime.Nano() + u.Stime.Nano()) / 1000
}
