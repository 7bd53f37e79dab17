package archive

import "testing"

func TestNamesTellFormats(t *testing.T) {
	for key, want := range map[string]string{
		"a/b": "lines/detect", "a/b.json": "lines/detect", "a/b.json.gz": "lines/gzip", "a/b.GZ": "lines/gzip",
		"a/b.ndjson.zst": "lines/zstd", "a/b.jsonl.sz": "lines/snappy", "b.snappy": "lines/snappy",
		"b.parquet": `parquet/detect/"c"`, "b.snappy.parquet": `parquet/detect/"c"`, "b.parquet.gz": `parquet/gzip/"c"`,
		"b.avro": "foreign/detect", "b.csv.gz": "foreign/gzip", "b.bin": "lines/detect", "x.gz/b": "lines/detect",
	} {
		if got := formatOf(key, Lines, "c").String(); got != want {
			t.Errorf("%s is %s, want %s", key, got, want)
		}
	}
}
