import TestSupport

/// A message of protobuf without its schema: numbered fields, of which those that read as messages are messages.
///
/// What is changed in the tree is a valid message again, whose meaning alone may be wrong: other extents, names, operators and element types, nodes that
/// are missing, repeated, in another order or read themselves.
struct ProtobufTree {
    enum Content {
        case number(UInt64)
        /// Four or eight bytes.
        case fixed([UInt8])
        case bytes([UInt8])
        case message([Field])
    }

    struct Field {
        var number: UInt64
        var content: Content
    }

    var fields: [Field]

    private static let deepest = 12

    /// Nil where the bytes are no message, or not written as they would be here.
    init?(_ bytes: [UInt8]) {
        guard let fields = Self.fields(bytes[...], depth: 0) else { return nil }
        self.fields = fields
    }

    var bytes: [UInt8] { Self.bytes(fields) }

    private static func fields(_ bytes: ArraySlice<UInt8>, depth: Int) -> [Field]? {
        var (rest, fields) = (bytes, [Field]())
        while !rest.isEmpty {
            guard let tag = varint(&rest), tag >> 3 > 0 else { return nil }
            let content: Content
            switch tag & 7 {
            case 0:
                guard let value = varint(&rest) else { return nil }
                content = .number(value)
            case 1, 5:
                let size = tag & 7 == 1 ? 8 : 4
                guard rest.count >= size else { return nil }
                content = .fixed(Array(rest.prefix(size)))
                rest = rest.dropFirst(size)
            case 2:
                guard let size = varint(&rest), size <= UInt64(rest.count) else { return nil }
                let piece = rest.prefix(Int(size))
                rest = rest.dropFirst(Int(size))
                if depth < deepest, !isText(piece), let inner = Self.fields(piece, depth: depth + 1), !inner.isEmpty,
                    Self.bytes(inner).elementsEqual(piece)
                {
                    content = .message(inner)
                } else {
                    content = .bytes(Array(piece))
                }
            default: return nil
            }
            fields.append(Field(number: tag >> 3, content: content))
        }
        return fields
    }

    private static func isText(_ bytes: some Collection<UInt8>) -> Bool { bytes.allSatisfy { 0x20...0x7e ~= $0 } }

    private static func varint(_ bytes: inout ArraySlice<UInt8>) -> UInt64? {
        var (value, shift) = (UInt64(0), UInt64(0))
        while let byte = bytes.popFirst(), shift < 64 {
            value |= UInt64(byte & 0x7f) << shift
            if byte < 0x80 { return value }
            shift += 7
        }
        return nil
    }

    private static func bytes(_ fields: [Field]) -> [UInt8] {
        var result: [UInt8] = []
        func append(_ value: UInt64) {
            var value = value
            while value >= 0x80 {
                result.append(UInt8(value & 0x7f) | 0x80)
                value >>= 7
            }
            result.append(UInt8(value))
        }
        for field in fields {
            switch field.content {
            case .number(let value):
                append(field.number << 3)
                append(value)
            case .fixed(let bytes):
                append(field.number << 3 | (bytes.count == 8 ? 1 : 5))
                result += bytes
            case .bytes(let bytes):
                append(field.number << 3 | 2)
                append(UInt64(bytes.count))
                result += bytes
            case .message(let fields):
                let inner = Self.bytes(fields)
                append(field.number << 3 | 2)
                append(UInt64(inner.count))
                result += inner
            }
        }
        return result
    }
}

extension ProtobufTree {
    /// All fields with the numbers that lead to them.
    private static func places(_ fields: [Field], _ path: [UInt64] = []) -> [(path: [UInt64], field: Field)] {
        fields.flatMap { field -> [(path: [UInt64], field: Field)] in
            let own = path + [field.number]
            guard case .message(let inner) = field.content else { return [(own, field)] }
            return [(own, field)] + places(inner, own)
        }
    }

    /// Changes one to three fields, with what stands at the same place in another message among the rest.
    mutating func change(_ other: ProtobufTree, _ random: inout SplitMix) {
        for _ in 0..<Int.random(in: 1...3, using: &random) {
            let places = Self.places(fields)
            guard !places.isEmpty else { return }
            let donors = Bool.random(using: &random) ? places : Self.places(other.fields)
            var target = Int.random(in: 0..<places.count, using: &random)
            let path = places[target].path
            let alike = donors.filter { $0.path == path }.map(\.field)
            Self.change(&fields, &target, alike, &random)
        }
    }

    /// Goes to the field of a number in the order of `places`.
    private static func change(_ fields: inout [Field], _ target: inout Int, _ alike: [Field], _ random: inout SplitMix) {
        for index in fields.indices {
            if target == 0 {
                target = -1
                return change(&fields, at: index, alike, &random)
            }
            target -= 1
            guard case .message(var inner) = fields[index].content else { continue }
            change(&inner, &target, alike, &random)
            if target < 0 {
                fields[index].content = .message(inner)
                return
            }
        }
    }

    private static func change(_ fields: inout [Field], at index: Int, _ alike: [Field], _ random: inout SplitMix) {
        switch Int.random(in: 0..<12, using: &random) {
        case 0: fields.remove(at: index)
        case 1:
            for _ in 0..<random.choose([1, 1, 1, 2, 8, 200]) {
                fields.insert(fields[index], at: Int.random(in: 0...fields.count, using: &random))
            }
        case 2:
            let alikes = fields.indices.filter { fields[$0].number == fields[index].number }
            fields.swapAt(index, random.choose(alikes))
        case 3...6 where !alike.isEmpty: fields[index] = random.choose(alike)
        default: fields[index].content = changed(fields[index].content, &random)
        }
    }

    private static let numbers: [UInt64] = [
        0, 1, 2, 3, 4, 5, 7, 8, 16, 100, 1 << 10, 1 << 16, 1 << 20, 1 << 31 - 1, 1 << 31, 1 << 32, 1 << 40, 1 << 62, 1 << 63 - 1, 1 << 63,
        .max, .max - 1, .max - 2,
    ]
    private static let reals: [Float] = [
        0, -0.0, 1, -1, 0.5, .nan, .infinity, -.infinity, 1e30, 1e-30, 1e9, -3, 1e38, .leastNonzeroMagnitude,
    ]

    static func changed(_ content: Content, _ random: inout SplitMix) -> Content {
        switch content {
        case .number(let value):
            return .number(
                Bool.random(using: &random) ? random.choose(numbers) : random.choose([value &+ 1, value &- 1, value &* 2, 0 &- value]))
        case .fixed(let bytes):
            let value = random.choose(reals)
            return .fixed(bytes.count == 4 ? withUnsafeBytes(of: value) { Array($0) } : withUnsafeBytes(of: Double(value)) { Array($0) })
        case .bytes(let bytes):
            if bytes.isEmpty { return .bytes(Array("x".utf8)) }
            var changed = bytes
            switch Int.random(in: 0..<4, using: &random) {
            case 0: changed = []
            case 1: changed += changed
            case 2 where bytes.count >= 4 && bytes.count % 4 == 0:
                let place = 4 * Int.random(in: 0..<bytes.count / 4, using: &random)
                changed.replaceSubrange(place..<place + 4, with: withUnsafeBytes(of: random.choose(reals)) { Array($0) })
            default: changed[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            return .bytes(changed)
        case .message: return .message([])
        }
    }
}
