import Graph
import LoopNest

extension Kernel {
    /// Writes a number to a scalar.
    static func fill(with constant: Double, lanes: Int) -> Kernel {
        let builder = KernelBuilder(name: "constant", lanes: lanes, taskCount: 1)
        let scalar = builder.parameter("scalar", count: 1, .write)
        builder.store(scalar, 0, builder.constant(constant), active: 1)
        return builder.finish()
    }

    /// Copies one buffer over another.
    static func copy(count: Int, element: StoredElement, lanes: Int) -> Kernel {
        let builder = KernelBuilder(name: "copy_\(count)", lanes: lanes, taskCount: 1)
        let from = builder.parameter("from", element, count: count, .read)
        let to = builder.parameter("to", element, count: count, .write)
        let whole = count / lanes * lanes
        if whole > 0 { builder.loop("index", to: .constant(whole), step: lanes) { builder.store(to, $0, builder.load(from, $0)) } }
        if whole < count {
            let active = Index.constant(count - whole)
            builder.store(to, .constant(whole), builder.load(from, .constant(whole), active: active), active: active)
        }
        return builder.finish()
    }
}
