package main

func (b *bench) shop() error { return nil }
