package retail

import (
	"strings"
	"testing"

	"muster/event"
)

const sample = `InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country
1,A,"CANDLE, RED",6,2010-12-01 08:26:00,2.55,17850.0,France
1,A,"CANDLE, RED",6,2010-12-01 08:26:00,2.55,17850.0,France
C2,A,"CANDLE, RED",-1,2010-12-02 08:00:00,2.55,17850.0,Spain
3,B,,1,2010-12-03 00:00:00,0.001,,France
4,B,damaged,-5,2010-12-03 00:01:00,0,,France
`

// decode returns the events of a CSV file as the service would see them.
func decode(t *testing.T, csv string) []event.Event {
	t.Helper()
	var events []event.Event
	var rejected []event.Rejection
	err := Each(strings.NewReader(csv), func(r Record) error {
		d, err := event.NewDecoder(event.Default())
		if err != nil {
			return err
		}
		events, rejected = d.Decode(events, rejected, r.Value, 0, 0)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rejected {
		t.Errorf("rejected: %s: %s", r.Reason, r.Value)
	}
	return events
}

func TestLinesBecomeEvents(t *testing.T) {
	type want struct {
		kind                  event.Type
		profile, id, name     string
		country, sku          string
		quantity, price, paid float64
	}
	wants := []want{
		{kind: event.Identify, profile: "17850", id: "1-country-1", country: "France"},
		{event.Track, "17850", "1-1", "Product Purchased", "", "A", 6, 2.55, 15.3},
		{event.Track, "17850", "1-2", "Product Purchased", "", "A", 6, 2.55, 15.3},
		{kind: event.Identify, profile: "17850", id: "C2-country-1", country: "Spain"},
		{event.Track, "17850", "C2-1", "Product Returned", "", "A", -1, 2.55, -2.55},
		{event.Track, "invoice-3", "3-1", "Product Purchased", "", "B", 1, 0.001, 0.001},
		{event.Track, "invoice-4", "4-1", "Product Returned", "", "B", -5, 0, 0},
	}
	events := decode(t, sample)
	if len(events) != len(wants) {
		t.Fatalf("%d events, want %d", len(events), len(wants))
	}
	for i, w := range wants {
		e := &events[i]
		got := want{
			e.Type, e.Profile, e.MessageID, e.Name, e.Body.Get("country").Text(), e.Body.Get("sku").Text(),
			e.Body.Get("quantity").Number(), e.Body.Get("price").Number(), e.Body.Get("revenue").Number(),
		}
		if got != w {
			t.Errorf("event %d is %+v, want %+v", i, got, w)
		}
		if e.Time != e.Arrival {
			t.Errorf("event %d happened at %d and arrived at %d", i, e.Time, e.Arrival)
		}
	}
	if at := events[0].Time; at != 1291191960000 {
		t.Errorf("the first event is at %d, want 2010-12-01 08:26 UTC", at)
	}
}

func TestUnreadableLinesAreErrors(t *testing.T) {
	head, _, _ := strings.Cut(sample, "\n")
	for name, c := range map[string]struct{ csv, want string }{
		"empty":       {"", "reading the header"},
		"header":      {"a,b\n", "the columns are"},
		"quantity":    {head + "\n1,A,,x,2010-12-01 08:26:00,1,,F\n", "parsing line 2"},
		"date":        {head + "\n1,A,,1,yesterday,1,,F\n", "parsing line 2"},
		"price":       {head + "\n1,A,,1,2010-12-01 08:26:00,x,,F\n", "parsing line 2"},
		"few columns": {head + "\n1,A\n", "reading a line"},
	} {
		err := Each(strings.NewReader(c.csv), func(Record) error { return nil })
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", name, err, c.want)
		}
	}
}

// The file must be the one that README describes, and be decoded whole.
func TestDataIsWhole(t *testing.T) {
	data := Open(t)
	ids, invoices := map[string]bool{}, map[string]bool{}
	customers, items := map[string]bool{}, map[string]bool{}
	var lines, identifies, anonymous, last int64
	d, err := event.NewDecoder(event.Default())
	if err != nil {
		t.Fatal(err)
	}
	err = Each(data, func(r Record) error {
		d.Reset()
		events, rejected := d.Decode(nil, nil, r.Value, 0, 0)
		if len(rejected) > 0 || len(events) != 1 {
			t.Fatalf("%s is rejected: %+v", r.Value, rejected)
		}
		e := &events[0]
		if ids[e.MessageID] {
			t.Fatalf("%s is there twice", e.MessageID)
		}
		ids[strings.Clone(e.MessageID)] = true
		invoices[r.Invoice] = true
		if e.Time < last {
			t.Fatalf("%s is before its predecessor", e.MessageID)
		}
		last = e.Time
		if e.Type == event.Identify {
			identifies++
			return nil
		}
		lines++
		items[strings.Clone(e.Body.Get("sku").Text())] = true
		if strings.HasPrefix(e.Profile, "invoice-") {
			anonymous++
		} else {
			customers[strings.Clone(e.Profile)] = true
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ got, want int64 }{
		"lines":           {lines, Lines},
		"anonymous lines": {anonymous, 135_080},
		"customers":       {int64(len(customers)), 4372},
		"items":           {int64(len(items)), 4070},
		"invoices":        {int64(len(invoices)), 25_900},
	} {
		if c.got != c.want {
			t.Errorf("%d %s, want %d", c.got, name, c.want)
		}
	}
	if identifies < int64(len(customers)) {
		t.Errorf("%d identifies for %d customers", identifies, len(customers))
	}
}
