package catalogue

import (
	"reflect"
	"testing"
)

func TestCompare(t *testing.T) {
	const before = "sku,price,kind\nA,1,x\nB,2,\nC,3,z\n"
	for after, want := range map[string]Difference{
		before:                                           {},
		"kind,sku,price\nz,C,3.0\n,B,2\nx,A,1\n":         {},
		"sku,price,kind\nA,1,y\nB,2,w\nD,3,z\n":          {Added: 1, Removed: 1, Changed: 2},
		"sku,price,new\nA,1,true\nB,,\nC,3,\n":           {Changed: 1, AddedColumns: []string{"new"}, RemovedColumns: []string{"kind"}},
		"sku,price,kind\nA,1,x\nB,n/a,\nC,3,z\n":         {Changed: 3, OtherKinds: []string{"price"}},
		"sku,price,kind\nA,1,x\nB,2,\nC,3,z\nD,,\nE,,\n": {Added: 2},
	} {
		if got := Compare(read(t, before), read(t, after)); !reflect.DeepEqual(got, want) {
			t.Errorf("%q differs by %+v, want %+v", after, got, want)
		}
	}
	if got := Compare(nil, read(t, before)); got.Added != 3 || len(got.AddedColumns) != 3 {
		t.Errorf("from nothing it is %+v", got)
	}
	if got := Compare(read(t, before), nil); got.Removed != 3 || len(got.RemovedColumns) != 3 {
		t.Errorf("to nothing it is %+v", got)
	}
	if Digest([]byte("sku\nA\n"), "sku") == Digest([]byte("sku\nB\n"), "sku") || Digest([]byte("a,b\n"), "a") == Digest([]byte("a,b\n"), "b") {
		t.Error("two files have one digest")
	}
}
