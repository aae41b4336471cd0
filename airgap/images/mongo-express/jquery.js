// The page's scripts share the jQuery of vendor.js, to which Bootstrap has added its plugins.
export default window.jQuery;
