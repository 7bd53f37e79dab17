package history

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"

	"muster/test/kit/redis"
)

// Members as Parquet are those of the lines, in the same order, whatever is in
// their names and however many they are.
func TestMembersAsParquet(t *testing.T) {
	names := []string{"a", `with "quotes"`, `back\slash`, "<&>", "ü€😀", "tab\there", "null\x00byte", "line\u2028end"}
	for i := range 2*packGroup + 7 {
		names = append(names, fmt.Sprint("customer-", i))
	}
	for _, n := range []int{0, 1, packBatch, len(names)} {
		var lines, again, out bytes.Buffer
		for _, name := range names[:n] {
			line, err := json.Marshal(memberRow{name})
			if err != nil {
				t.Fatal(err)
			}
			lines.Write(append(line, '\n'))
		}
		text := lines.Bytes()
		if err := writeMemberRows(&out, bytes.NewReader(text)); err != nil {
			t.Fatal(err)
		}
		if err := writeMemberRows(&again, bytes.NewReader(text)); err != nil || !bytes.Equal(out.Bytes(), again.Bytes()) {
			t.Errorf("%d rows are other bytes the second time: %v", n, err)
		}
		if got := parquetMembers(t, out.Bytes()); !slices.Equal(got, names[:n]) {
			t.Errorf("%d names became %d others", n, len(got))
		}
	}
}

// parquetMembers reads a file of members.
func parquetMembers(t *testing.T, content []byte) []string {
	t.Helper()
	file, err := parquet.OpenFile(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	if got := file.Schema().Columns(); fmt.Sprint(got) != "[[profile]]" {
		t.Fatalf("the columns are %v", got)
	}
	if leaf, _ := file.Schema().Lookup("profile"); leaf.Node.Type().LogicalType().String() != "STRING" || !leaf.Node.Required() {
		t.Fatalf("the column is no text: %s", file.Schema())
	}
	for _, group := range file.Metadata().RowGroups {
		if codec := group.Columns[0].MetaData.Codec.String(); codec != "ZSTD" || group.NumRows > packGroup {
			t.Fatalf("a row group of %d rows in %s", group.NumRows, codec)
		}
	}
	rows, err := parquet.Read[memberRow](bytes.NewReader(content), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	names := make([]string, len(rows))
	for i := range rows {
		names[i] = rows[i].Profile
	}
	return names
}

// A backfill whose members are Parquet has the same members, counts and
// sketches as one whose members are lines, and no file of lines.
func TestABackfillWithMembersAsParquet(t *testing.T) {
	s, dir := randomShop(t, 9, 500, 12), t.TempDir()
	lines := backfill(t, s.request(t, s.end), config(dir, 2))
	want := results(t, lines.Folder)
	r := s.request(t, s.end)
	r.Members = Parquet
	packed := backfill(t, r, config(dir, 2))
	if packed.Read.Bytes > 0 || packed.Slices > 0 {
		t.Errorf("for another format %d bytes were read and %d slices made", packed.Read.Bytes, packed.Slices)
	}
	got, files := results(t, packed.Folder), 0
	for name, content := range want {
		id, isMembers := strings.CutPrefix(name, "members/")
		if !isMembers {
			if got[name] != content {
				t.Errorf("%s differs", name)
			}
			continue
		}
		files++
		var again strings.Builder
		for _, member := range parquetMembers(t, []byte(got["members/"+strings.TrimSuffix(id, ".ndjson")+".parquet"])) {
			line, _ := json.Marshal(memberRow{member})
			again.WriteString(string(line) + "\n")
		}
		if again.String() != content {
			t.Errorf("%s has other members as Parquet", id)
		}
	}
	if files != len(s.texts) || len(got) != len(want) {
		t.Errorf("%d files of lines for %d segments, and %d and %d files", files, len(s.texts), len(want), len(got))
	}
}

// The sketch of a segment is what Redis would have if each member had been
// added to a key, so that Redis counts members of any of several segments, and
// of those that the service counts. The summary tells the estimate.
func TestSketchesOfMembers(t *testing.T) {
	c := redis.Start(t).Client(t)
	s := randomShop(t, 11, 3000, 6)
	report := backfill(t, s.request(t, s.end), config(t.TempDir(), 2))
	members, union, keys := membersOf(t, report), map[string]bool{}, []string{"live"}
	for _, segment := range report.Summary.Segments {
		form, err := os.ReadFile(filepath.Join(report.Folder, "sketches", segment.ID+".hll"))
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Set(t.Context(), segment.ID, form, 0).Err(); err != nil {
			t.Fatal(err)
		}
		keys = append(keys, segment.ID)
		var names []any
		for _, name := range members[segment.ID] {
			names, union[name] = append(names, name), true
		}
		if len(names) > 0 {
			if err := c.PFAdd(t.Context(), "own:"+segment.ID, names...).Err(); err != nil {
				t.Fatal(err)
			}
		}
		got, err := c.PFCount(t.Context(), segment.ID).Result()
		own := c.PFCount(t.Context(), "own:"+segment.ID).Val()
		if err != nil || got != own || got != segment.Estimate || math.Abs(float64(got-segment.Members)) > 0.05*float64(segment.Members) {
			t.Errorf("%+v: redis counts %d of the sketch and %d of its own: %v", segment, got, own, err)
		}
	}
	c.PFAdd(t.Context(), "live", "somebody new", report.Summary.Segments[0].ID)
	got, err := c.PFCount(t.Context(), keys...).Result()
	if want := int64(len(union) + 2); err != nil || math.Abs(float64(got-want)) > 0.05*float64(want) {
		t.Errorf("redis counts %d of all together, want about %d: %v", got, want, err)
	}
}
