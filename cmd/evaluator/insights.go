package main

type insightsCommand struct {
	Serve insightsServeCommand `cmd:"" help:"Hold all profiles in memory, fresh, and answer questions about them."`
}
