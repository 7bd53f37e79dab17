package main

import (
	"runtime"
	"runtime/metrics"
)

// liveHeap is the bytes of the heap that are in use.
func liveHeap() uint64 {
	runtime.GC()
	runtime.GC() // what finalizers of the first released
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// allocations counts the objects that the process has allocated so far.
func allocations() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:objects"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
