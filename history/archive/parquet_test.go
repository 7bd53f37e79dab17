package archive

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/parquet-go/parquet-go"
)

// rows packs values of a struct as Parquet, in row groups of 100.
func rows[T any](t testing.TB, values ...T) string {
	t.Helper()
	return grouped(t, 100, values)
}

// grouped is rows with row groups of another size.
func grouped[T any](t testing.TB, size int64, values []T) string {
	t.Helper()
	var file bytes.Buffer
	w := parquet.NewGenericWriter[T](&file, parquet.MaxRowsPerRowGroup(size), parquet.Compression(&parquet.Zstd))
	if _, err := w.Write(values); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return file.String()
}

// parquetOf reads objects of Parquet with a key.
func parquetOf(file, key string, f Format) ([]string, error) {
	f.Encoding = Parquet
	var all []string
	err := Read(strings.NewReader(file), key, f, func(r Record) error {
		if r.Line != int64(len(all)+1) {
			return fmt.Errorf("row %d after %d", r.Line, len(all))
		}
		all = append(all, string(r.Value))
		return nil
	})
	return all, err
}

// wantRecords compares records as values.
func wantRecords(t *testing.T, got []string, err error, want ...string) {
	t.Helper()
	if err != nil || len(got) != len(want) {
		t.Errorf("%q, %v; want %q", got, err, want)
		return
	}
	for i := range want {
		if !reflect.DeepEqual(parsed(t, got[i]), parsed(t, want[i])) {
			t.Errorf("record %d is %s, want %s", i+1, got[i], want[i])
		}
	}
}

func parsed(t *testing.T, text string) any {
	t.Helper()
	var value any
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&value); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return value
}

func TestParquetOfAWarehouse(t *testing.T) {
	type tracks struct {
		ID         string    `parquet:"id"`
		UserID     *string   `parquet:"user_id"`
		Anonymous  string    `parquet:"anonymous_id"`
		Event      string    `parquet:"event"`
		EventText  string    `parquet:"event_text"`
		Received   time.Time `parquet:"received_at,timestamp(microsecond)"`
		Timestamp  time.Time `parquet:"timestamp,timestamp"`
		Total      *float64  `parquet:"total,optional"`
		Type       string    `parquet:"type"`
		IP         string    `parquet:"context_ip"`
		DeviceType string    `parquet:"context_device_type"`
		Agent      string    `parquet:"context_user_agent"`
		UUID       int64     `parquet:"uuid"`
		UUIDTS     int64     `parquet:"uuid_ts"`
		Loaded     int64     `parquet:"loaded_at"`
	}
	user, total := "u1", 12.5
	at := time.Date(2024, 3, 1, 10, 0, 0, 123_000_000, time.UTC)
	file := rows(t,
		tracks{"m1", &user, "a1", "order_completed", "Order Completed", at, at, &total, "gift", "10.0.0.1", "mobile", "x \"y\"\n", 1, 2, 3},
		tracks{"m2", nil, "a2", "order_completed", "Order Completed", at, at, nil, "", "", "", "", 1, 2, 3})
	got, err := parquetOf(file, "data/order_completed/x.parquet", Format{})
	const record = `{"type":"track","event":"Order Completed","messageId":"%s",%s"anonymousId":"%s",` +
		`"receivedAt":"2024-03-01T10:00:00.123Z","timestamp":"2024-03-01T10:00:00.123Z",` +
		`"context":{"ip":"%s","device":{"type":"%s"},"user_agent":"%s"},"properties":{%s"type":"%s"}}`
	wantRecords(t, got, err,
		fmt.Sprintf(record, "m1", `"userId":"u1",`, "a1", "10.0.0.1", "mobile", `x \"y\"\n`, `"total":12.5,`, "gift"),
		fmt.Sprintf(record, "m2", "", "a2", "", "", "", "", ""))
}

func TestParquetTellsTheKindOfCall(t *testing.T) {
	type call struct {
		UserID string `parquet:"userId"`
		Plan   string `parquet:"plan"`
	}
	type typed struct {
		UserID string  `parquet:"userId"`
		Type   *string `parquet:"type"`
		Name   string  `parquet:"event"`
		Plan   string  `parquet:"plan"`
	}
	page, track := "page", "track"
	calls := rows(t, call{"u", "pro"})
	for key, want := range map[string]string{
		"rudder-datalake/ns/identifies/2024/03/01/10/x.parquet": `{"type":"identify","userId":"u","traits":{"plan":"pro"}}`,
		"groups/x.parquet":                 `{"type":"group","userId":"u","traits":{"plan":"pro"}}`,
		"screens/x.parquet":                `{"type":"screen","userId":"u","properties":{"plan":"pro"}}`,
		"d/segment_type=page/day=1/hr=2/x": `{"type":"page","userId":"u","properties":{"plan":"pro"}}`,
		"aliases/x.parquet":                `{"type":"alias","userId":"u","properties":{"plan":"pro"}}`,
		"tracks/x.parquet":                 `{"type":"track","userId":"u","properties":{"plan":"pro"}}`,
	} {
		got, err := parquetOf(calls, key, Format{})
		wantRecords(t, got, err, want)
	}
	got, err := parquetOf(rows(t, typed{"u", &page, "", "pro"}, typed{"v", &track, "Buy", ""}), "x", Format{})
	wantRecords(t, got, err, `{"type":"page","userId":"u","properties":{"plan":"pro"}}`,
		`{"type":"track","event":"Buy","userId":"v","properties":{"plan":""}}`)
	got, err = parquetOf(rows(t, typed{"u", &page, "", "pro"}, typed{"v", nil, "Buy", ""}), "x", Format{})
	wantBroken(t, err, "x", 2, nil)
	if len(got) != 1 {
		t.Errorf("%q", got)
	}
}

// Whole objects may be texts, or groups; further columns are the exporter's.
func TestParquetOfWholeObjects(t *testing.T) {
	type call struct {
		UserID     string `parquet:"userId"`
		Type       string `parquet:"type"`
		Properties string `parquet:"properties"`
		Context    struct {
			Device struct {
				Type *string `parquet:"type"`
				ID   string  `parquet:"id"`
			} `parquet:"device"`
		} `parquet:"context"`
		Traits    string `parquet:"traits,optional"`
		Partition int32  `parquet:"kafka_partition"`
	}
	c := call{UserID: "u", Type: "page", Properties: `{"x":1}`, Traits: `{"a":[1,{"b":null}]}`}
	c.Context.Device.ID = "7"
	broken := c
	broken.Properties, broken.Traits = `{"x":`, ""
	got, err := parquetOf(rows(t, c, broken), "x", Format{})
	wantRecords(t, got, err,
		`{"type":"page","userId":"u","properties":{"x":1},"context":{"device":{"id":"7"}},"traits":{"a":[1,{"b":null}]}}`,
		`{"type":"page","userId":"u","properties":"{\"x\":","context":{"device":{"id":"7"}}}`)
}

func TestParquetOfOneColumn(t *testing.T) {
	type exported struct {
		Value *string `parquet:"value"`
		Other int64   `parquet:"other"`
	}
	text := `{"type":"page", "userId":1}`
	file := rows(t, exported{&text, 1}, exported{nil, 2})
	got, err := parquetOf(file, "x", Format{Column: "value"})
	if err != nil || len(got) != 2 || got[0] != text || got[1] != "null" {
		t.Errorf("%q, %v", got, err)
	}
	_, err = parquetOf(file, "x", Format{Column: "json"})
	wantBroken(t, err, "x", 0, nil)
	if !strings.Contains(err.Error(), `"json"`) || !strings.Contains(err.Error(), "other") {
		t.Errorf("%v", err)
	}
}

// nested is what a schema may nest. What json.Marshal makes of it is right but
// for fields that are null, which are left out.
type nested struct {
	UserID string `parquet:"userId" json:"userId"`
	Type   string `parquet:"type" json:"type"`
	Props  *props `parquet:"properties,optional" json:"properties,omitempty"`
}

type props struct {
	Flag   bool              `parquet:"flag" json:"flag"`
	Small  int32             `parquet:"small" json:"small"`
	Large  uint64            `parquet:"large" json:"large"`
	Float  float32           `parquet:"float" json:"float"`
	Text   *string           `parquet:"text,optional" json:"text,omitempty"`
	Plain  []string          `parquet:"plain" json:"plain"`
	List   []int64           `parquet:"list,list" json:"list"`
	Deep   [][]int64         `parquet:"deep,list" json:"deep"`
	Groups []item            `parquet:"groups,list" json:"groups"`
	Map    map[string]string `parquet:"map" json:"map"`
	Maps   map[string]item   `parquet:"maps" json:"maps"`
}

type item struct {
	SKU  string  `parquet:"sku" json:"sku"`
	Tags []item2 `parquet:"tags" json:"tags"`
	N    *int64  `parquet:"n,optional" json:"n,omitempty"`
}

type item2 struct {
	A string   `parquet:"a" json:"a"`
	B []string `parquet:"b" json:"b"`
}

func many[T any](r *rand.Rand, one func() T) []T {
	all := []T{}
	for range r.IntN(4) {
		all = append(all, one())
	}
	return all
}

func someText(r *rand.Rand) string {
	return strings.Repeat([]string{"a", `"`, "\\", "\x01", "é", "\U0001F600", "</", "\n"}[r.IntN(8)], r.IntN(3))
}

func someItem(r *rand.Rand) item {
	i := item{SKU: someText(r), Tags: many(r, func() item2 {
		return item2{someText(r), many(r, func() string { return someText(r) })}
	})}
	if n := r.Int64(); n%2 == 0 {
		i.N = &n
	}
	return i
}

func someNested(r *rand.Rand) nested {
	n := nested{UserID: someText(r) + "x", Type: "page"}
	if r.IntN(5) == 0 {
		return n
	}
	p := &props{
		Flag: r.IntN(2) == 0, Small: r.Int32() - 1<<30, Large: r.Uint64(), Float: r.Float32(),
		Plain: many(r, func() string { return someText(r) }), List: many(r, r.Int64),
		Deep:   many(r, func() []int64 { return many(r, r.Int64) }),
		Groups: many(r, func() item { return someItem(r) }), Map: map[string]string{}, Maps: map[string]item{},
	}
	for i := range r.IntN(3) {
		p.Map[fmt.Sprint(i, someText(r))], p.Maps[fmt.Sprint(i)] = someText(r), someItem(r)
	}
	if text := someText(r); text != "" {
		p.Text = &text
	}
	n.Props = p
	return n
}

func TestParquetNests(t *testing.T) {
	random := rand.New(rand.NewPCG(4, 4))
	for range 20 {
		var values []nested
		var want []string
		for range 1 + random.IntN(300) {
			n := someNested(random)
			text, err := json.Marshal(n)
			if err != nil {
				t.Fatal(err)
			}
			values, want = append(values, n), append(want, string(text))
		}
		got, err := parquetOf(rows(t, values...), "x", Format{})
		wantRecords(t, got, err, want...)
		if t.Failed() {
			return
		}
	}
}

func TestParquetTypes(t *testing.T) {
	type call struct {
		UserID  string    `parquet:"userId"`
		Type    string    `parquet:"type"`
		Date    int32     `parquet:"date,date"`
		Cents   int64     `parquet:"cents,decimal(2:18)"`
		Nano    time.Time `parquet:"nano,timestamp(nanosecond)"`
		Milli   time.Time `parquet:"milli,timestamp(millisecond)"`
		ID      [16]byte  `parquet:"id2,uuid"`
		JSON    string    `parquet:"json,json"`
		NaN     float64   `parquet:"nan"`
		Unicode string    `parquet:"unicode"`
	}
	at := time.Date(1969, 12, 31, 23, 59, 59, 999_000_001, time.UTC)
	file := rows(t, call{
		"u", "page", -1, -5, at, at, [16]byte{0: 0xab, 15: 1}, `[1]`, nan(), "a\xffé",
	})
	got, err := parquetOf(file, "x", Format{})
	wantRecords(t, got, err, `{"type":"page","userId":"u","properties":{"date":"1969-12-31","cents":-0.05,`+
		`"nano":"1969-12-31T23:59:59.999000001Z","milli":"1969-12-31T23:59:59.999Z",`+
		`"id2":"ab000000-0000-0000-0000-000000000001","json":[1],"nan":null,"unicode":"a\ufffdé"}}`)
}

func nan() float64 { zero := 0.0; return zero / zero }

func TestForeignParquetIsNamed(t *testing.T) {
	type foreign struct {
		Invoice int64 `parquet:"invoice"`
		Amount  int64 `parquet:"amount"`
	}
	_, err := parquetOf(rows(t, foreign{1, 2}), "a/b.parquet", Format{})
	wantBroken(t, err, "a/b.parquet", 0, nil)
	for _, want := range []string{"invoice", "amount", "user_id"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not say %q", err, want)
		}
	}
	type untyped struct {
		UserID string `parquet:"user_id"`
	}
	_, err = parquetOf(rows(t, untyped{"u"}), "b.parquet", Format{})
	wantBroken(t, err, "b.parquet", 0, nil)
}

// Wherever it was damaged, it is broken or, where nothing was lost, read as it
// was; it never ends the process.
func TestDamagedParquet(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 5))
	var values []nested
	for range 250 {
		values = append(values, someNested(random))
	}
	file := rows(t, values...)
	whole, err := parquetOf(file, "x", Format{})
	if err != nil {
		t.Fatal(err)
	}
	for _, length := range []int{0, 3, 4, 11, 12, len(file) / 2, len(file) - 8, len(file) - 1} {
		got, err := parquetOf(file[:length], "x", Format{})
		wantBroken(t, err, "x", 0, nil)
		if len(got) != 0 {
			t.Errorf("%d bytes gave %d records", length, len(got))
		}
	}
	damages, told := 400, 0
	if testing.Short() {
		damages = 100
	}
	for range damages {
		damaged := []byte(file)
		damaged[random.IntN(len(damaged))] ^= byte(1 + random.IntN(255))
		got, err := parquetOf(string(damaged), "x", Format{})
		var broken *Broken
		if err != nil && !errors.As(err, &broken) {
			t.Fatalf("%v", err)
		}
		if err != nil {
			told++
			continue
		}
		if len(got) != len(whole) {
			t.Fatalf("%d records of %d, and no error", len(got), len(whole))
		}
	}
	if told < damages/2 {
		t.Errorf("%d of %d damages were told", told, damages)
	}
}

// longer is a row group that says to have a row more than it has.
type longer struct{ parquet.RowGroup }

func (l longer) NumRows() int64 { return l.RowGroup.NumRows() + 1 }

func TestRowsThatAreMissingAreTold(t *testing.T) {
	file := rows(t, nested{UserID: "u", Type: "page"})
	opened, err := openParquet(strings.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	form, err := newRowForm(opened.Root(), "x", "")
	if err != nil {
		t.Fatal(err)
	}
	given := &counter{fn: func(Record) error { return nil }}
	if err := readGroup(longer{opened.RowGroups()[0]}, form, given); err == nil || !strings.Contains(err.Error(), "1 rows") {
		t.Errorf("%v", err)
	}
}

// An error of the connection, and one of fn, is none of the object.
func TestParquetOfABrokenConnection(t *testing.T) {
	file := rows(t, nested{UserID: "u", Type: "page"})
	reset := errors.New("connection reset")
	r := io.MultiReader(strings.NewReader(file[:10]), iotest.ErrReader(reset))
	err := Read(r, "key", Format{Encoding: Parquet}, func(Record) error { return nil })
	var broken *Broken
	if !errors.Is(err, reset) || errors.As(err, &broken) {
		t.Errorf("%v", err)
	}
	stop := errors.New("stop")
	err = Read(strings.NewReader(file), "key", Format{Encoding: Parquet}, func(Record) error { return stop })
	if err != stop { //nolint:errorlint // as it is, and not wrapped
		t.Errorf("%v", err)
	}
	t.Setenv("TMPDIR", t.TempDir()+"/none")
	err = Read(strings.NewReader(file), "key", Format{Encoding: Parquet}, func(Record) error { return nil })
	if err == nil || errors.As(err, &broken) {
		t.Errorf("without a place for it: %v", err)
	}
}

func TestPanicsOfFnPass(t *testing.T) {
	defer func() {
		if found := recover(); found != "fn" {
			t.Errorf("recovered %v", found)
		}
	}()
	file := rows(t, nested{UserID: "u", Type: "page"})
	_ = Read(strings.NewReader(file), "key", Format{Encoding: Parquet}, func(Record) error { panic("fn") })
}

func TestParquetOfAFolder(t *testing.T) {
	root, temporary := t.TempDir(), t.TempDir()
	t.Setenv("TMPDIR", temporary+"/none") // a file needs no copy
	put(t, root, "x.parquet", rows(t, nested{UserID: "u", Type: "page"}))
	b, _ := open(t, root, Default())
	r, err := b.Open(t.Context(), list(t, b, "")[0])
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if all, err := collect(r, Format{Encoding: Parquet}); err != nil || len(all) != 1 {
		t.Errorf("%q, %v", all, err)
	}
	put(t, root, "x.parquet", rows(t, nested{UserID: "other", Type: "page"}))
	if _, err := collect(r, Format{Encoding: Parquet}); !errors.Is(err, ErrChanged) {
		t.Errorf("of a file that changed: %v", err)
	}
}

func TestSpooledFilesAreRemoved(t *testing.T) {
	temporary := t.TempDir()
	t.Setenv("TMPDIR", temporary)
	for _, f := range []Format{{Encoding: Parquet}, {Encoding: Parquet, Compression: Gzip}} {
		file := rows(t, nested{UserID: "u", Type: "page"})
		if f.Compression == Gzip {
			file = gzipped(file)
		}
		if all, err := collect(strings.NewReader(file), f); err != nil || len(all) != 1 {
			t.Errorf("%s: %q, %v", f, all, err)
		}
	}
	if left, err := os.ReadDir(temporary); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
