package history

import (
	"runtime"
	"syscall"
	"testing"

	"muster/test/kit/s3"
)

// BenchmarkS3 holds the index of an archive in versitygw, a process of its own
// on the same machine, against that of the same objects in a folder, in turns.
// Of the processor time of_local counts only that of this process.
func BenchmarkS3(b *testing.B) {
	server, err := s3.StartReal(b.Context(), b.TempDir())
	if err != nil {
		skip(b, err)
	}
	b.Cleanup(func() { _ = server.Kill() })
	y := &yard{folder: b.TempDir(), days: 30, perDay: 10_000, customers: 5000}
	y.lay(b, 0, y.days)
	local, remote := y.request(b, 1000, y.days), y.request(b, 1000, y.days)
	stored(b, y.folder, remote, server)
	var inFolder, inS3 spent
	var bytes int64
	for b.Loop() {
		for range 3 {
			folder, read := indexAll(b, local)
			bucket, readToo := indexAll(b, remote)
			inFolder, inS3, bytes = inFolder.plus(folder), inS3.plus(bucket), bytes+read
			if read != readToo || read == 0 {
				b.Fatalf("%d bytes were read of the folder and %d of S3", read, readToo)
			}
		}
	}
	inFolder.report(b, "local", nil)
	inS3.report(b, "s3", map[string]spent{"local": inFolder})
	b.ReportMetric(float64(bytes)/inS3.wall/1e6, "s3_MB/s")
}

// indexAll lists and indexes an archive from nothing, and returns the bytes of
// its objects.
func indexAll(b *testing.B, r *Request) (took spent, read int64) {
	b.Helper()
	c := config(b.TempDir(), runtime.GOMAXPROCS(0))
	c.SortBytes = DefaultConfig().SortBytes
	bf, err := New(r, c)
	if err != nil {
		b.Fatal(err)
	}
	took = spend(b, syscall.RUSAGE_SELF, func() {
		p, err := bf.Plan(b.Context(), 0)
		if err == nil {
			err = bf.stage(b.Context(), p, StageIndex)
		}
		if err != nil {
			b.Fatal(err)
		}
	})
	return took, bf.report.Read.Bytes
}
