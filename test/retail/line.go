package retail

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
)

var columns = []string{"InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country"}

// line is one order line.
type line struct {
	invoice     string
	number      int // within the invoice, from 1
	sku         string
	description string
	quantity    int
	at          time.Time // to the minute, UTC
	price       float64   // GBP for one
	customer    string    // "" when unknown
	country     string
}

func (l *line) returned() bool { return strings.HasPrefix(l.invoice, "C") || l.quantity < 0 }

// reader reads the lines of a CSV file.
type reader struct {
	csv     *csv.Reader
	numbers map[string]int // lines of each invoice so far
}

func newReader(r io.Reader) (*reader, error) {
	c := csv.NewReader(r)
	c.ReuseRecord = true
	header, err := c.Read()
	if err != nil {
		return nil, fmt.Errorf("reading the header: %w", err)
	}
	if !slices.Equal(header, columns) {
		return nil, fmt.Errorf("reading the header: the columns are %q", header)
	}
	return &reader{csv: c, numbers: map[string]int{}}, nil
}

// next returns the next line, or io.EOF after the last.
func (r *reader) next() (line, error) {
	row, err := r.csv.Read()
	if errors.Is(err, io.EOF) {
		return line{}, io.EOF
	}
	if err != nil {
		return line{}, fmt.Errorf("reading a line: %w", err)
	}
	l, err := parse(row)
	if err != nil {
		at, _ := r.csv.FieldPos(0)
		return line{}, fmt.Errorf("parsing line %d: %w", at, err)
	}
	r.numbers[l.invoice]++
	l.number = r.numbers[l.invoice]
	return l, nil
}

func parse(row []string) (line, error) {
	l := line{
		invoice: strings.Clone(row[0]), sku: row[1], description: row[2], country: strings.Clone(row[7]),
		// Customers were numbered by a program that held them as floats.
		customer: strings.Clone(strings.TrimSuffix(row[6], ".0")),
	}
	var errs [3]error
	l.quantity, errs[0] = strconv.Atoi(row[3])
	l.at, errs[1] = time.Parse(time.DateTime, row[4])
	l.price, errs[2] = strconv.ParseFloat(row[5], 64)
	return l, errors.Join(errs[:]...)
}
