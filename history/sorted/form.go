package sorted

import "muster/history/internal/columnar"

// Version is that of the form of sorted runs. It is part of the key of each.
const Version = 1

// The columns, in the order of their names.
const (
	columnAge = iota
	columnArrival
	columnBody
	columnID
	columnKind
	columnProfile
)

var form = columnar.NewForm("run", "muster.run",
	columnar.Column{Name: "age", Kind: columnar.Int64s}, columnar.Column{Name: "arrival", Kind: columnar.Int64s},
	columnar.Column{Name: "body", Kind: columnar.Bytes}, columnar.Column{Name: "id", Kind: columnar.Bytes},
	columnar.Column{Name: "kind", Kind: columnar.Int32s}, columnar.Column{Name: "profile", Kind: columnar.Bytes},
)
