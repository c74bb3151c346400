import TestSupport

/// Changes of ONNX models that leave them sound as messages and as graphs, and the numbers alone extreme: many at once, since operators check them
/// against each other.
extension ProtobufTree {
    /// The numbers of fields (onnx.proto).
    private enum Number {
        static let graph: UInt64 = 7
        static let node: UInt64 = 1
        static let initializer: UInt64 = 5
        static let input: UInt64 = 11
        static let attribute: UInt64 = 5
        static let operation: UInt64 = 4
        static let name: UInt64 = 1
    }

    /// Changes numbers of attributes, of integer tensors and of the inputs' extents, and takes some attributes over that the same operators have
    /// in another model.
    mutating func changeNumbers(_ other: ProtobufTree, _ random: inout SplitMix) {
        let donors = other.fields.messages(Number.graph).flatMap { $0.messages(Number.node) }
        let isDense = Bool.random(using: &random)
        fields.change(Number.graph) { graph in
            graph.change(Number.node) { node in
                let operation = node.text(Number.operation)
                for donor in donors where donor.text(Number.operation) == operation {
                    let own = Set(node.messages(Number.attribute).compactMap { $0.text(Number.name) })
                    for field in donor where field.number == Number.attribute {
                        guard case .message(let attribute) = field.content, let name = attribute.text(Number.name), !own.contains(name),
                            Bool.random(using: &random)
                        else { continue }
                        node.append(field)
                    }
                }
                // i, ints, f and floats of `AttributeProto`.
                node.change(Number.attribute) { attribute in
                    for index in attribute.indices where [2, 3, 7, 8].contains(attribute[index].number) {
                        if isDense ? Bool.random(using: &random) : Int.random(in: 0..<6, using: &random) == 0 {
                            attribute[index].content = Self.number(attribute[index].content, &random)
                        }
                    }
                }
            }
            graph.change(Number.initializer) { tensor in
                // Of `TensorProto`: data_type is 2, and 7 there means int64; raw_data is 9.
                guard tensor.contains(where: { $0.number == 2 && $0.isNumber(7) }), Bool.random(using: &random) else { return }
                for index in tensor.indices where tensor[index].number == 9 {
                    guard case .bytes(let bytes) = tensor[index].content, bytes.count % 8 == 0, bytes.count <= 64 else { continue }
                    tensor[index].content = .bytes(Self.integers(bytes, &random))
                }
            }
            guard Int.random(in: 0..<3, using: &random) == 0 else { return }
            // type, tensor_type, shape, dim and dim_value.
            graph.change([Number.input, 2, 1, 2, 1]) { dimension in
                for index in dimension.indices where dimension[index].number == 1 && Int.random(in: 0..<4, using: &random) == 0 {
                    dimension[index].content = Self.number(dimension[index].content, &random)
                }
            }
        }
    }

    private static let extremes = [
        0, 1, 2, 3, 4, 5, 6, 7, 9, 16, 100, 1000, 1 << 16, 1 << 19, 1 << 20, 1 << 24, 1 << 26, 1 << 31 - 1, 1 << 31, 1 << 40, .max,
    ]

    /// Mostly one that the operator may take.
    private static func integer(_ random: inout SplitMix) -> Int {
        switch Int.random(in: 0..<8, using: &random) {
        case 0: random.choose(extremes)
        case 1: -1 - random.choose(extremes)
        case 2: Int.random(in: -8..<0, using: &random)
        default: Int.random(in: 0..<8, using: &random)
        }
    }

    private static func number(_ content: Content, _ random: inout SplitMix) -> Content {
        guard case .number = content else { return changed(content, &random) }
        return .number(UInt64(bitPattern: Int64(integer(&random))))
    }

    private static func integers(_ bytes: [UInt8], _ random: inout SplitMix) -> [UInt8] {
        var bytes = bytes
        for place in stride(from: 0, to: bytes.count, by: 8) where Bool.random(using: &random) {
            bytes.replaceSubrange(place..<place + 8, with: withUnsafeBytes(of: Int64(integer(&random)).littleEndian) { [UInt8]($0) })
        }
        return bytes
    }

    /// The model with tensors for its inputs from the second on, in their order, as initializers: what operands tell many operators decides shapes,
    /// and is refused where it is not known.
    func holding(_ tensors: [[UInt8]]) -> ProtobufTree {
        var tree = self
        tree.fields.change(Number.graph) { graph in
            let names = graph.messages(Number.input).compactMap { $0.text(Number.name) }
            for (name, bytes) in zip(names, tensors).dropFirst() {
                guard var tensor = ProtobufTree(bytes)?.fields else { continue }
                tensor.removeAll { $0.number == 8 }
                tensor.append(Field(number: 8, content: .bytes(Array(name.utf8))))
                graph.append(Field(number: Number.initializer, content: .message(tensor)))
            }
        }
        return tree
    }
}

extension [ProtobufTree.Field] {
    fileprivate func messages(_ number: UInt64) -> [[ProtobufTree.Field]] {
        compactMap { field in
            guard field.number == number, case .message(let inner) = field.content else { return nil }
            return inner
        }
    }

    fileprivate func text(_ number: UInt64) -> String? {
        for case .bytes(let bytes) in filter({ $0.number == number }).map(\.content) { return String(decoding: bytes, as: UTF8.self) }
        return nil
    }

    fileprivate mutating func change(_ number: UInt64, _ body: (inout [ProtobufTree.Field]) -> Void) {
        for index in indices where self[index].number == number {
            guard case .message(var inner) = self[index].content else { continue }
            body(&inner)
            self[index].content = .message(inner)
        }
    }

    /// Changes the messages at the end of a path of fields.
    fileprivate mutating func change(_ path: [UInt64], _ body: (inout [ProtobufTree.Field]) -> Void) {
        guard let first = path.first else { return body(&self) }
        change(first) { $0.change(Array<UInt64>(path.dropFirst()), body) }
    }
}

extension ProtobufTree.Field {
    fileprivate func isNumber(_ value: UInt64) -> Bool {
        if case .number(value) = content { true } else { false }
    }
}
