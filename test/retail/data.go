package retail

import (
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// Lines is the number of order lines in the data.
const Lines = 541_909

// file is where the data lies, from the root of the repository.
const file = "../shared/data/online-retail/online_retail.csv.gz"

// Open opens the data as CSV until the test ends. Where it is absent the
// test is skipped, saying so.
func Open(t testing.TB) io.Reader {
	t.Helper()
	r, err := open(t)
	if errors.Is(err, fs.ErrNotExist) {
		t.Skipf("NOTICE: skipped, the Online Retail data is absent: %v", err)
	}
	if err != nil {
		t.Fatalf("opening the Online Retail data: %v", err)
	}
	return r
}

func open(t testing.TB) (io.Reader, error) {
	_, here, _, ok := runtime.Caller(0)
	if !ok {
		return nil, errors.New("the folder of this package is unknown")
	}
	packed, err := os.Open(filepath.Join(filepath.Dir(here), "..", "..", file))
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() { _ = packed.Close() })
	plain, err := gzip.NewReader(packed)
	if err != nil {
		return nil, fmt.Errorf("unpacking: %w", err)
	}
	return plain, nil
}
