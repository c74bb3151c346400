import Graph
import Interchange

/// What a name of the model stands for while it is imported.
enum ImportedValue {
    /// An optional input that is not given, or an output that is not asked for.
    case absent
    /// A tensor whose values are in the model, or follow from such.
    case known(HostTensor)
    /// An integer, or a vector of integers, of which some are sizes that are no numbers yet: what the shape of an input comes to.
    case sizes([Dimension], isScalar: Bool)
    /// A tensor that the graph computes, with the type that it has in the model.
    case computed(Value, ElementCode)
    /// What a node that cannot be imported would have made.
    case missing

    var known: HostTensor? { if case .known(let tensor) = self { tensor } else { nil } }

    /// One integer, or several, if all are numbers.
    static func integers(_ values: [Int], isScalar: Bool = false) -> ImportedValue {
        .known(HostTensor(shape: isScalar ? [] : [values.count], int64s: values.map(Int64.init)))
    }

    /// Sizes, as a tensor whose values are known where all of them are numbers.
    static func of(_ dimensions: [Dimension], isScalar: Bool = false) -> ImportedValue {
        let numbers = dimensions.compactMap(\.value)
        return numbers.count == dimensions.count
            ? .integers(numbers, isScalar: isScalar) : .sizes(dimensions, isScalar: isScalar)
    }
}

extension HostTensor {
    /// A tensor of ONNX's type from numbers: integers are rounded to the nearest and kept within their range.
    init(name: String = "", _ element: ElementCode, shape: [Int], numbers: [Double]) {
        guard let stored = element.stored else { preconditionFailure("tensors of \(element) are refused where they are read") }
        func encoded<Bits: FixedWidthInteger>(_ bits: (Double) -> Bits) -> [UInt8] {
            [UInt8](unsafeUninitializedCapacity: numbers.count * MemoryLayout<Bits>.size) { buffer, count in
                for (index, number) in numbers.enumerated() {
                    let place = index * MemoryLayout<Bits>.size
                    UnsafeMutableRawBufferPointer(buffer).storeBytes(of: bits(number).littleEndian, toByteOffset: place, as: Bits.self)
                }
                count = numbers.count * MemoryLayout<Bits>.size
            }
        }
        func integers<Number: FixedWidthInteger>(_ type: Number.Type) -> [UInt8] {
            let bounds = (Double(Number.min), Double(Number.max))
            return encoded { number -> Number in
                let whole = number.rounded(.toNearestOrEven)
                return whole.isNaN ? 0 : whole <= bounds.0 ? .min : whole >= bounds.1 ? .max : Number(whole)
            }
        }
        let bytes: [UInt8] =
            switch stored {
            case .f64: encoded(\.bitPattern)
            case .f32: encoded { Float($0).bitPattern }
            case .f16: encoded { Float16($0).bitPattern }
            case .bf16: encoded { BFloat16(Float($0)).bitPattern }
            case .i64: integers(Int64.self)
            case .i32: integers(Int32.self)
            case .i16: integers(Int16.self)
            case .i8: integers(Int8.self)
            case .u64: integers(UInt64.self)
            case .u32: integers(UInt32.self)
            case .u16: integers(UInt16.self)
            case .u8: integers(UInt8.self)
            case .bool: numbers.map { $0 == 0 ? 0 : 1 }
            case .f8e4m3, .f8e5m2, .f8e8m0: preconditionFailure("tensors of \(element) are refused where they are read")
            }
        self.init(name: name, element: stored, shape: shape, bytes: bytes)
    }

    /// The same elements in row-major order under another shape.
    func reshaped(_ shape: [Int]) -> HostTensor { HostTensor(name: name, element: element, shape: shape, bytes: bytes) }
}
