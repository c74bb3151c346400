import Graph
import Source

// What a pickle makes with the names that it may use.
extension PyTorchPickleReader {
    /// What to do about files that may be hostile.
    static let distrust =
        "load it nowhere unless you trust where it is from; whoever made it can save the weights alone: \(saving)"

    /// The most arguments of a call that are looked at; PyTorch writes 8 at most.
    private static let mostArguments = 16

    /// The elements of a tuple of arguments; nil where the value is no tuple, or a longer one than any that matters: a copy for each of many
    /// calls is to be a short one.
    private func arguments(_ reference: PyTorchPickle.Reference) -> [PyTorchPickle.Reference]? {
        guard case .tuple(_, let count) = value(reference), count <= Self.mostArguments else { return nil }
        return pickle.sequence(reference).map(Array.init)
    }

    mutating func name(_ module: String, _ name: String) throws(InterchangeError) -> PyTorchPickle.Reference {
        guard let known = PyTorchName(module: module, name: name) else { throw refusal(module, name) }
        pickle.names.append(known)
        return try add(.name(Int32(pickle.names.count - 1)))
    }

    /// The error of a name that is not one of those of tensors.
    func refusal(_ module: String, _ name: String) -> InterchangeError {
        // A hostile name may be anything.
        let shown = String(DisplayText.sanitized("\(module).\(name)").prefix(120))
        if module == "torch.nn" || module.hasPrefix("torch.nn.") || module.hasPrefix("torchvision.models") {
            return failure(
                "it holds a whole model, an object of the Python class \(shown), not weights alone", repair: "save those: \(Self.saving)")
        }
        if module == "torch._utils", name.hasPrefix("_rebuild") {
            return failure(
                "it holds a tensor that is quantized, sparse or on no device: it asks for \(shown)",
                repair: "make it a dense one of numbers first, such as with dequantize() or to_dense()")
        }
        return failure(
            "it asks Python for \(shown), which tensors do not need; nothing of a file is ever run", repair: Self.distrust)
    }

    /// A call of a function or class with a tuple of arguments.
    mutating func call(
        _ callee: PyTorchPickle.Reference, _ arguments: PyTorchPickle.Reference, isInner: Bool = false
    ) throws(InterchangeError) -> PyTorchPickle.Reference {
        guard let name = pickle.name(callee), case .tuple(_, let count) = value(arguments) else {
            throw failure("the pickle calls \(pickle.kind(callee)), not a function with arguments")
        }
        guard let given = self.arguments(arguments) else {
            throw failure("the pickle calls a function with \(count) arguments, more than any that PyTorch calls")
        }
        switch name {
        case .tensor, .tensor2, .tensor3: return try tensor(name, given)
        case .parameter, .tensorClass:
            guard let tensor = given.first, case .tensor = value(tensor) else { throw wrongArguments("a parameter") }
            return tensor
        case .fromType:
            guard given.count >= 3, !isInner, pickle.name(given[1]) == .tensorClass else { throw wrongArguments("a tensor of a class") }
            return try call(given[0], given[2], isInner: true)
        case .orderedDictionary:
            guard let first = given.first else { return try dictionary([]) }
            if case .dictionary = value(first) { return first }
            guard given.count == 1, let pairs = pickle.sequence(first) else { throw wrongArguments("a dictionary") }
            try willCopy(2 * pairs.count)
            var flat: [PyTorchPickle.Reference] = []
            for pair in pairs {
                guard let pair = pickle.sequence(pair), pair.count == 2 else { throw wrongArguments("a dictionary") }
                flat += pair
            }
            return try dictionary(flat[...])
        case .collection:
            guard let first = given.first else { return try tuple([]) }
            guard given.count == 1, pickle.sequence(first) != nil else { throw wrongArguments("a collection") }
            return first
        case .ignored: return try add(.ignored)
        case .storage, .type: throw failure("the pickle calls a type of elements")
        }
    }

    /// Gives an object its attributes, none of which matter: `_metadata` of a state dict, a parameter's own.
    func build(_ object: PyTorchPickle.Reference, _ state: PyTorchPickle.Reference) throws(InterchangeError) {
        switch value(object) {
        case .dictionary, .tensor, .ignored: break
        default: throw failure("the pickle gives attributes to \(pickle.kind(object))")
        }
    }

    private func wrongArguments(_ what: String) -> InterchangeError { failure("the pickle makes \(what) of other arguments than PyTorch") }

    /// A storage by what PyTorch calls a persistent identifier: `('storage', type, key, device, count)`, of older versions with a view behind it.
    mutating func storage(_ identifier: PyTorchPickle.Reference) throws(InterchangeError) -> PyTorchPickle.Reference {
        guard let parts = arguments(identifier), let first = parts.first else {
            throw failure("the pickle refers to something else than a storage")
        }
        if pickle.text(first) == "module" {
            throw failure("it holds a whole model with its source code, not weights alone", repair: "save those: \(Self.saving)")
        }
        guard pickle.text(first) == "storage", parts.count >= 5, pickle.text(parts[2]) != nil,
            case .storage(let element) = pickle.name(parts[1])
        else { throw failure("the pickle refers to something else than a storage") }
        guard let count = pickle.integer(parts[4]), count >= 0 else {
            throw failure("a storage has no number of elements, or a negative one")
        }
        var storage = PyTorchPickle.Storage(key: parts[2], element: element, count: count)
        if parts.count > 5, pickle.sequence(parts[5]) != nil {
            guard let view = arguments(parts[5]), view.count == 3, let offset = pickle.integer(view[1]),
                let viewCount = pickle.integer(view[2]), offset >= 0, viewCount >= 0, offset <= count, viewCount <= count - offset
            else { throw failure("a storage is a part of another that does not have it") }
            (storage.viewOffset, storage.viewCount) = (offset, viewCount)
        }
        pickle.storages.append(storage)
        return try add(.storage(Int32(pickle.storages.count - 1)))
    }

    /// A tensor of `(storage, offset, extents, strides, …)`, which must lie within its storage.
    private mutating func tensor(
        _ function: PyTorchName, _ given: [PyTorchPickle.Reference]
    ) throws(InterchangeError) -> PyTorchPickle.Reference {
        guard given.count >= (function == .tensor ? 4 : function == .tensor2 ? 6 : 7), case .storage(let number) = value(given[0]),
            let offset = pickle.integer(given[1]), let extents = pickle.sequence(given[2])?.count,
            let steps = pickle.sequence(given[3])?.count
        else { throw wrongArguments("a tensor") }
        // Before the numbers are copied, which a few bytes may name again and again.
        guard extents <= 64 else { throw failure("a tensor has \(extents) dimensions, more than 64") }
        guard extents == steps else { throw failure("a tensor has \(extents) extents and \(steps) strides") }
        guard let shape = pickle.integers(given[2]), let strides = pickle.integers(given[3]) else { throw wrongArguments("a tensor") }
        let storage = pickle.storages[Int(number)]
        var element = storage.element
        if function == .tensor3 {
            guard case .type(let own) = pickle.name(given[6]) else { throw wrongArguments("a tensor") }
            element = own
        }
        // Behind the others: what a view does to its storage's values, `neg` and `conj`, as bits that are set.
        let bits = given.dropFirst(function == .tensor3 ? 7 : 6).first.map { value($0) }
        if let bits, bits != .none, function != .tensor {
            guard case .dictionary(let number) = bits, pickle.dictionaries[Int(number)].isEmpty else {
                throw failure(
                    "a tensor is a negated or conjugated view of other values, whose bits are not read",
                    repair: "save it as a tensor of its own: `x.resolve_conj().resolve_neg().clone()`")
            }
        }
        guard offset >= 0, shape.allSatisfy({ $0 >= 0 }), strides.allSatisfy({ $0 >= 0 }) else {
            throw failure("a tensor \(shape) has a negative offset, extent or stride")
        }
        if let known = element.element {
            // The storage's own type may be another where it is untyped, or told by bytes.
            let size = storage.element.element?.size ?? known.size
            let available = (storage.viewCount ?? storage.count).multipliedReportingOverflow(by: size)
            guard !available.overflow, known.byteCount(shape: shape) != nil,
                let end = StoredTensor.end(offset: offset, shape: shape, strides: strides), end <= available.partialValue / known.size
            else {
                throw failure(
                    "a tensor \(shape) with strides \(strides) and offset \(offset) reaches out of its storage of "
                        + "\(storage.viewCount ?? storage.count) elements")
            }
        }
        let checked = (shape: try unchanging(given[2]), strides: try unchanging(given[3]))
        pickle.tensors.append(
            PyTorchPickle.Tensor(storage: number, element: element, offset: offset, shape: checked.shape, strides: checked.strides))
        return try add(.tensor(Int32(pickle.tensors.count - 1)))
    }

    /// A tuple as it is, and a list as a tuple: a pickle could append to a list after it was checked.
    private mutating func unchanging(_ sequence: PyTorchPickle.Reference) throws(InterchangeError) -> PyTorchPickle.Reference {
        guard case .list(let number) = value(sequence) else { return sequence }
        let list = pickle.lists[Int(number)]
        try willCopy(list.count)
        return try tuple(list[...])
    }
}
