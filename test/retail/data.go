package retail

import (
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"testing"
)

// Lines is the number of order lines in the data.
const Lines = 541_909

// file is where the data lies, from this folder: beside the repository.
const file = "../../../shared/data/online-retail/online_retail.csv.gz"

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
	packed, err := os.Open(file)
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
