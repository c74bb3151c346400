/// What of Python a pickle may name: what stands for tensors and what comes along with them. Everything else is refused, and nothing is
/// ever run: each of these is a case that the reader knows.
enum PyTorchName: Equatable {
    /// A class of storages, which tells the type of the elements.
    case storage(PyTorchElement)
    /// A `torch.dtype`.
    case type(PyTorchElement)
    /// Tensors, and the classes that are tensors by another name.
    case tensorClass
    /// `_rebuild_tensor` of a storage, offset, extents and strides; `_rebuild_tensor_v2` with more behind them; `_rebuild_tensor_v3` with
    /// the type of the elements, too.
    case tensor, tensor2, tensor3
    /// `_rebuild_parameter`: the tensor, and what does not matter.
    case parameter
    /// `_rebuild_from_type_v2`: one of the functions here, a class of tensors, the function's arguments, and attributes.
    case fromType
    case orderedDictionary
    /// A function that gives its argument, a list or tuple, as another collection: `torch.Size`, `set`.
    case collection
    /// What gives something that no weight depends on: devices, layouts, bytes, numbers of NumPy.
    case ignored

    /// Nil for all names that are refused.
    init?(module: String, name: String) {
        // Python 2 calls it so.
        let module = module == "__builtin__" ? "builtins" : module
        if let known = Self.known["\(module).\(name)"] {
            self = known
        } else if ["torch", "torch.cuda", "torch.storage"].contains(module), let element = PyTorchElement(storage: name) {
            self = .storage(element)
        } else if module == "torch", let element = PyTorchElement(type: name) {
            self = .type(element)
        } else {
            return nil
        }
    }

    private static let known: [String: PyTorchName] = [
        "torch._utils._rebuild_tensor": .tensor, "torch._utils._rebuild_tensor_v2": .tensor2, "torch._utils._rebuild_tensor_v3": .tensor3,
        "torch._utils._rebuild_parameter": .parameter, "torch._utils._rebuild_parameter_with_state": .parameter,
        "torch._tensor._rebuild_from_type_v2": .fromType,
        "torch.Tensor": .tensorClass, "torch.nn.parameter.Parameter": .tensorClass, "torch.nn.parameter.Buffer": .tensorClass,
        "collections.OrderedDict": .orderedDictionary, "collections.Counter": .orderedDictionary,
        "torch.Size": .collection, "builtins.set": .collection, "builtins.frozenset": .collection,
        "torch.device": .ignored, "torch.serialization._get_layout": .ignored, "_codecs.encode": .ignored, "builtins.bytes": .ignored,
        "builtins.bytearray": .ignored, "builtins.complex": .ignored, "numpy.dtype": .ignored,
        "numpy.core.multiarray.scalar": .ignored, "numpy._core.multiarray.scalar": .ignored,
    ]
}
