package switchboard

// InUse is how many connections the hub counts for each codec.
func (h *Hub) InUse() []int {
	n := make([]int, len(h.inUse))
	for i := range h.inUse {
		n[i] = int(h.inUse[i].Load())
	}
	return n
}
