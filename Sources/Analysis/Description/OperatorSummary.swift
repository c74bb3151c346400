import Graph

extension Node {
    /// An operation with what matters of its parameters: `conv 3x3/2, 64`. Empty for other nodes.
    ///
    /// The kernel and its stride come first, then parameters without a default, then integers and texts that differ from theirs; padding
    /// shows in the output's shape.
    var operationSummary: String {
        guard let operation else { return "" }
        if operation == .foreign {
            // What it is in C is of no use here, nor are the types, which the shapes show.
            let numbers = attributes.text("numbers").split(separator: ",").map { number in
                number.drop { $0 == " " }.replacing(/(\.0)?f$/) { _ in "" }
            }
            return name(of: operation) + (numbers.isEmpty ? "" : "(" + numbers.joined(separator: ", ") + ")")
        }
        var text = name(of: operation)
        let attributes = attributes
        // As many numbers as what it slides over has axes behind the channels.
        let kernel = attributes["kernel"]?.extents(type.rank - 2)
        if let kernel { text += " " + product(kernel) + strideSuffix(attributes["stride"]?.extents(type.rank - 2), kernel) }
        var rest = operation.parameters.filter { !["kernel", "pad", "shape", "function"].contains($0.name) }
        if kernel != nil { rest.removeAll { $0.name == "stride" } }
        let required = rest.filter { $0.defaultValue == nil }
        var items = required.compactMap { parameter in
            attributes[parameter.name].map { required.count == 1 ? $0.brief : "\(parameter.name) \($0.brief)" }
        }
        for parameter in rest {
            guard let value = attributes[parameter.name], let byDefault = parameter.defaultValue.flatMap(parameter.kind.convert),
                value != byDefault, [.integer, .pair, .integers, .text].contains(parameter.kind)
            else { continue }
            items.append("\(parameter.name) \(value.brief)")
        }
        let separator = kernel == nil ? " " : ", "
        return text + (items.isEmpty ? "" : separator + items.joined(separator: ", "))
    }

    /// What the author calls an operation: a scalar function, or one of C, by its own name.
    func name(of operation: Operator) -> String {
        switch attributes["function"] {
        case .function(let function): function.name
        case .text(let function): function
        default: operation.name
        }
    }

    private func product(_ extents: [Int]) -> String { extents.map(String.init).joined(separator: "x") }

    /// `/2`, nothing for a stride of 1. Without a stride a window moves by its own size.
    private func strideSuffix(_ stride: [Int]?, _ kernel: [Int]) -> String {
        let stride = stride ?? kernel
        if stride.allSatisfy({ $0 == 1 }) { return "" }
        return stride.allSatisfy { $0 == stride[0] } ? "/\(stride[0])" : "/" + product(stride)
    }
}

extension Attribute {
    /// One integer for each of `count` axes, which one or two equal ones may stand for.
    fileprivate func extents(_ count: Int) -> [Int]? {
        guard case .integers(let list) = self, let first = list.first else { return nil }
        return list.allSatisfy { $0 == first } ? [Int](repeating: first, count: max(1, count)) : list
    }

    /// The value as a person would write it.
    fileprivate var brief: String {
        switch self {
        case .integer(let value): "\(value)"
        case .number(let value): value == value.rounded() && abs(value) < 1e9 ? "\(Int(value))" : "\(value)"
        case .boolean(let value): "\(value)"
        case .integers(let list):
            list.count == 2 && list[0] == list[1] ? "\(list[0])" : "(" + list.map(String.init).joined(separator: ", ") + ")"
        case .numbers(let list): "(" + list.map { "\($0)" }.joined(separator: ", ") + ")"
        case .text(let text): text
        case .function(let function): function.name
        case .shape(let shape): shape.rank == 1 ? "\(shape[0])" : "\(shape)"
        }
    }
}
