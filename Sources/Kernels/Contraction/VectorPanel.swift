import LoopNest

/// The vector operand of a contraction as it was copied: one row of registers for each position of the axis that is summed over.
struct VectorPanel {
    var buffer: BufferID
    /// The axis that is summed over, whose positions count from the panel's first.
    var axis: Int
    /// The elements of a row.
    var width: Int
    /// Where it begins in the buffer.
    var start: Index = 0
}
