import Graph
import Kernels

/// The elements of a value where they lie in memory, as they are at the moment.
public struct StoredElements {
    private let memory: UnsafeMutableRawPointer
    private let element: StoredElement
    /// The part of an element's offset that each of its coordinates gives.
    private let offsets: [[Int]]
    /// Keeps the memory.
    private let owner: AlignedBuffer

    fileprivate init(_ tensor: StoredTensor, _ place: (buffer: AlignedBuffer, offset: Int), _ element: StoredElement) {
        owner = place.buffer
        memory = place.buffer.start + place.offset
        self.element = element
        var offsets = tensor.layout.offsetsByAxis(tensor.extents)
        if tensor.start > 0 { offsets[tensor.axis].removeFirst(tensor.start) }
        self.offsets = offsets
    }

    /// The element at a position inside the value's extents.
    public func element(at position: [Int]) -> Double {
        var offset = 0
        var axis = 0
        while axis < offsets.count {
            offset += offsets[axis][position[axis]]
            axis += 1
        }
        switch element {
        case .f32: return Double(memory.load(fromByteOffset: offset * element.size, as: Float.self))
        case .i32: return Double(memory.load(fromByteOffset: offset * element.size, as: Int32.self))
        case .bf16: return Double(memory.load(fromByteOffset: offset * element.size, as: BFloat16.self).float)
        default: preconditionFailure("kernels hold no \(element)")
        }
    }
}

extension Executable {
    /// Where a value of the plan's graph lies; nil if it lies nowhere.
    ///
    /// What is read there is the value's only from the step that computes it to the last that reads it: memory is shared.
    public func elements(of value: Value, in graph: Graph) -> StoredElements? {
        let tensor = graph.storage(of: value)
        guard let buffer = plan.bufferOf[tensor.owner] else { return nil }
        return StoredElements(tensor, places[buffer], plan.buffers[buffer].element)
    }
}
