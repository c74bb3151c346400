import Foundation
import Graph
import Interchange

/// Reads the tensors of a model: from its messages, or from files beside it.
final class TensorReader {
    /// The model's file.
    let path: String
    /// What was read from files beside it: tensors that are the same bytes share them.
    private(set) var externalBytes = 0
    private var read: [String: (bytes: Int, ranges: [Range<Int>: [UInt8]])] = [:]
    static let mostAxes = 64

    init(path: String) { self.path = path }

    /// The tensor of a message, named as it is; throws what is wrong with it.
    func tensor(_ wire: WireTensor) throws(ImportFault) -> HostTensor {
        let name = wire.name.isEmpty ? "a tensor" : "the tensor '\(wire.name)'"
        let element = ElementCode(number: wire.dataType)
        guard let stored = element.stored else { throw .unsupported("\(name) has elements of \(element)") }
        if wire.hasSegment { throw .unsupported("\(name) is cut into segments") }
        guard wire.dims.count <= Self.mostAxes else { throw .malformed("\(name) has \(wire.dims.count) axes") }
        var shape: [Int] = []
        for extent in wire.dims {
            // A tensor without elements may have any other extents; products of those of inputs and these must not overflow.
            guard 0...Int64(Int32.max) ~= extent, let number = Int(exactly: extent) else {
                throw .malformed("\(name) has the extent \(extent)")
            }
            shape.append(number)
        }
        guard let size = stored.byteCount(shape: shape), size <= 1 << 40 else {
            throw .malformed("\(name) of \(shape) is larger than any memory")
        }
        if wire.dataLocation == 1 {
            return HostTensor(name: wire.name, element: stored, shape: shape, bytes: try external(wire, name, size))
        }
        if wire.hasRawData {
            guard wire.rawData.count == size else {
                throw .malformed("\(name) of \(element) \(shape) takes \(size) bytes, but \(wire.rawData.count) are given")
            }
            return HostTensor(name: wire.name, element: stored, shape: shape, bytes: [UInt8](wire.rawData))
        }
        let count = size / stored.size
        let bytes = typedBytes(wire, stored)
        guard bytes.count == size else {
            throw .malformed("\(name) of \(element) \(shape) has \(count) elements, but \(bytes.count / stored.size) are given")
        }
        return HostTensor(name: wire.name, element: stored, shape: shape, bytes: bytes)
    }

    /// The elements that stand in a field of their type; narrow ones are kept in 32-bit integers, by their bits.
    private func typedBytes(_ wire: WireTensor, _ stored: StoredElement) -> [UInt8] {
        func bytes<Wide: FixedWidthInteger, Narrow: FixedWidthInteger>(_ values: [Wide], as type: Narrow.Type) -> [UInt8] {
            var result: [UInt8] = []
            result.reserveCapacity(values.count * MemoryLayout<Narrow>.size)
            for value in values { withUnsafeBytes(of: Narrow(truncatingIfNeeded: value).littleEndian) { result.append(contentsOf: $0) } }
            return result
        }
        return switch stored {
        case .f32: bytes(wire.floatData.map(\.bitPattern), as: UInt32.self)
        case .f64: bytes(wire.doubleData.map(\.bitPattern), as: UInt64.self)
        case .i64: bytes(wire.int64Data, as: Int64.self)
        case .u64: bytes(wire.uint64Data, as: UInt64.self)
        case .u32: bytes(wire.uint64Data, as: UInt32.self)
        case .i32: bytes(wire.int32Data, as: Int32.self)
        case .f16, .bf16, .u16: bytes(wire.int32Data, as: UInt16.self)
        case .i16: bytes(wire.int32Data, as: Int16.self)
        case .i8, .u8: bytes(wire.int32Data, as: UInt8.self)
        case .bool: wire.int32Data.map { $0 == 0 ? 0 : 1 }
        case .f8e4m3, .f8e5m2, .f8e8m0: preconditionFailure("ONNX's names of them are not mapped to these")
        }
    }

    /// The bytes that lie in a file beside the model, and never elsewhere: models come from others.
    private func external(_ wire: WireTensor, _ name: String, _ size: Int) throws(ImportFault) -> [UInt8] {
        var properties: [String: String] = [:]
        for property in wire.externalData { properties[property.key] = property.value }
        guard let location = properties["location"], !location.isEmpty else { throw .malformed("\(name) does not say in which file it is") }
        let parts = location.split(separator: "/", omittingEmptySubsequences: false)
        guard !location.hasPrefix("/"), !parts.contains(".."), !location.contains("\0") else {
            throw .malformed("\(name) is to be read from '\(location)', which is not beside the model")
        }
        let model = URL(fileURLWithPath: path)
        let place = model.deletingLastPathComponent().appendingPathComponent(location).resolvingSymlinksInPath()
        // A link may lead to the folder of the file that the model itself is a link to, as caches of downloads have it.
        let folders = [
            model.deletingLastPathComponent().resolvingSymlinksInPath(), model.resolvingSymlinksInPath().deletingLastPathComponent(),
        ]
        guard folders.contains(where: { place.pathComponents.starts(with: $0.pathComponents) }) else {
            throw .malformed("\(name) is to be read from '\(location)', a link that leads out of the model's folder")
        }
        let file = place.path
        let offset = try Self.count(properties["offset"] ?? "0", "offset", of: name)
        let length = try Self.count(properties["length"] ?? "\(size)", "length", of: name)
        guard length == size else {
            throw .malformed("\(name) takes \(size) bytes, but \(length) from \(offset) on are to be read from '\(location)'")
        }
        let range = offset..<offset + size
        if let known = read[file]?.ranges[range] { return known }
        let total = (read[file]?.bytes ?? 0) + size
        let (bytes, fileSize): ([UInt8], Int)
        do {
            fileSize = try InputFile.size(file)
            // Tensors that overlap may be any number.
            bytes = total <= 2 * fileSize || size > fileSize ? [UInt8](try InputFile.read(file, bytes: range)) : []
        } catch {
            throw .malformed("\(name) cannot be read from '\(location)': \(error.message)")
        }
        guard total <= 2 * fileSize else {
            throw .malformed("\(name) overlaps others: with it \(total) bytes are to be read from '\(location)', which has \(fileSize)")
        }
        read[file, default: (0, [:])].bytes = total
        read[file]?.ranges[range] = bytes
        externalBytes += size
        return bytes
    }

    /// A number of bytes as external data gives it: a decimal number, as a text.
    private static func count(_ text: String, _ property: String, of name: String) throws(ImportFault) -> Int {
        guard let number = Int(text), 0...(1 << 42) ~= number else {
            throw .malformed("the \(property) of \(name) in its file is '\(text)', which is no number of bytes")
        }
        return number
    }
}
