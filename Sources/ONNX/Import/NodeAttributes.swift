import Graph
import Interchange

/// The attributes of a node, by name.
extension NodeScope {
    private func attribute(_ name: String) -> WireAttribute? { node.attribute.first { $0.name == name } }

    func has(_ name: String) -> Bool { attribute(name) != nil }

    func integer(_ name: String, default value: Int) throws(ImportFault) -> Int {
        guard let attribute = attribute(name) else { return value }
        return try Self.bounded(attribute.i, name)
    }

    func boolean(_ name: String, default value: Bool) throws(ImportFault) -> Bool {
        try integer(name, default: value ? 1 : 0) != 0
    }

    func number(_ name: String, default value: Double) -> Double { attribute(name).map { Double($0.f) } ?? value }

    func text(_ name: String, default value: String) -> String { attribute(name).map { String(decoding: $0.s, as: UTF8.self) } ?? value }

    func integers(_ name: String) throws(ImportFault) -> [Int]? {
        guard let attribute = attribute(name) else { return nil }
        return try attribute.ints.map { (value) throws(ImportFault) in try Self.bounded(value, name) }
    }

    func numbers(_ name: String) -> [Double]? { attribute(name).map { $0.floats.map(Double.init) } }

    func tensor(_ name: String) throws(ImportFault) -> HostTensor? {
        guard let attribute = attribute(name), attribute.hasT else { return nil }
        return try importer.tensor(attribute.t)
    }

    func graph(_ name: String) -> WireNetwork? { attribute(name).flatMap { $0.hasG ? $0.g : nil } }

    /// Integers beyond any extent stand for "to the end", as exporters write it.
    static func bounded(_ value: Int64, _ name: String) throws(ImportFault) -> Int {
        let limit = Int64(Int32.max)
        return Int(min(max(value, -limit), limit))
    }
}
