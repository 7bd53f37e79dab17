package profile

import (
	"encoding/hex"
	"math"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
)

// goldenBlob1 is what version 1 of the format made of goldenProfile.
const goldenBlob1 = "0180a4b5b2b56884a4b5b2b5680703b6c402d0b3b5b2b568020802010461636d65040a61646472657373006f6b80a4b5b2b568020b61646472657373007a697080a4b5b2b56803eebd06036f6c6480a4b5b2b5680004706c616e80a4b5b2b568050370726f03897859f66555558580a4b5b2b568eed1d3b157a9987a02d7741f4a6cdf388e0208000000000180a4b5b2b5680406030003000300010380a4b5b2b568020203040000000000002340030603010000020000030203010203060904000000000000234000030180a4b5b2b56800010904000000000000234000040184a4b5b2b568000102030100050380a4b5b2b5680202000000060380a4b5b2b568020203040000000000002340030603010000070380a4b5b2b568020200030904000000000000234002030602030100"

// goldenBlob2 is what version 2 of the format made of it.
const goldenBlob2 = "0280a4b5b2b56884a4b5b2b5680703b6c402d0b3b5b2b568020802020461636d6502036f6c6480a4b5b2b5680004706c616e80a4b5b2b568050370726f04626f6c7400040a61646472657373006f6b80a4b5b2b568020b61646472657373007a697080a4b5b2b56803eebd06036f6c6480a4b5b2b5680004706c616e80a4b5b2b568050370726f03897859f66555558580a4b5b2b568eed1d3b157a9987a02d7741f4a6cdf388e0208000000000180a4b5b2b5680406000003000300010000000180a4b5b2b568040604730301040000000000002340020000030203010203060904000000000000234000030180a4b5b2b56800010904000000000000234000040184a4b5b2b568000102030100050380a4b5b2b5680202000000060380a4b5b2b568020203040000000000002340030603010000070380a4b5b2b568020200030904000000000000234002030602030100"

func TestOlderFormatsAreRead(t *testing.T) {
	for format, golden := range map[string]string{"1": goldenBlob1, "2": goldenBlob2} {
		t.Run(format, func(t *testing.T) { readOlder(t, golden) })
	}
}

func readOlder(t *testing.T, golden string) {
	schema := everySeries(1000)
	codec := codecOf(schema)
	blob, err := hex.DecodeString(golden)
	if err != nil {
		t.Fatal(err)
	}
	if base, tail := Cut(string(blob)); base != string(blob) || tail != "" || !Fits(base) {
		t.Errorf("a tail of %q is cut off", tail)
	}
	q, err := codec.Decode("p", string(blob))
	if err != nil {
		t.Fatal(err)
	}
	if q.TailIsStored() {
		t.Error("its traits are taken for a stored tail")
	}
	p := goldenProfile(t, schema)
	compareAnswers(t, schema, p, q, p.LastSeen)
	again := codec.Append(nil, q, p.LastSeen)
	if again[0] != formatVersion || q.TailIsStored() || len(q.Tail()) == 0 {
		t.Errorf("stored again as format %d with a tail of %d bytes", again[0], len(q.Tail()))
	}
	compareProfiles(t, codec, decoded(t, codec, q, p.LastSeen), q, p.LastSeen)
	for n := range blob {
		if _, err := codec.Decode("p", string(blob[:n])); err == nil {
			t.Errorf("the first %d of %d bytes were read as a profile", n, len(blob))
		}
	}
}

// TestSumsOfFormat1 reads a profile that version 1 wrote of 70 payments of
// 0.10, 1.10, 2.10 and 3.10 in turn, with up to 64 of them one by one: a total,
// a window of numbers, and one of times. What was rounded stays so, and what
// comes on top is exact.
func TestSumsOfFormat1(t *testing.T) {
	text, err := os.ReadFile("testdata/format1.hex")
	if err != nil {
		t.Fatal(err)
	}
	blob, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	schema := NewSchema(nil, []Series{seriesOf(KeepTotalNumbers, 0), seriesOf(KeepSlidingNumbers, 100_000), seriesOf(KeepSlidingTimes, 100_000)})
	codec, names := NewCodec(schema, []string{"a", "b", "c"}, nil)
	_, n := renumbered(rand.New(rand.NewPCG(1, 1)), names)
	for i := range n.Numbers {
		n.Numbers[i] = uint64(i)
	}
	moved, err := n.Append(nil, blob)
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range [][]byte{blob, moved} {
		p, err := codec.Decode("p", string(one))
		if err != nil {
			t.Fatal(err)
		}
		now := p.LastSeen
		for _, q := range []*Profile{p, decoded(t, codec, p, now)} {
			sums := func() [2]float64 {
				return [2]float64{
					q.Read(schema, Query{Series: 0, Reduce: ReduceSum}, now).Number(),
					q.Read(schema, Query{Series: 1, Reduce: ReduceSum, From: 100_000}, now).Number(),
				}
			}
			before := sums()
			for _, sum := range before {
				if math.Abs(sum-110) > 1e-12 {
					t.Errorf("a sum of %v, want about 110", sum)
				}
			}
			if got := q.Read(schema, Query{Series: 2, Reduce: ReduceCount, From: 100_000}, now).Number(); got != 70 {
				t.Errorf("%v events", got)
			}
			for range 10 {
				apply(t, q, schema, Default(), track(now, 0.1))
			}
			for i, sum := range sums() {
				if math.Abs(sum-before[i]-1) > 1e-13 {
					t.Errorf("ten payments of 0.10 more make %v of %v", sum, before[i])
				}
			}
		}
	}
}
