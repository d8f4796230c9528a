//! The derive macro of `shared::input::FromFields`, where what it means is told.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{
    Data, DataStruct, DeriveInput, Error, Expr, ExprCall, Field, Fields, LitStr, Result, parse_macro_input,
    parse_quote,
};

/// Reads a struct from the fields of a body or a query.
#[proc_macro_derive(FromFields, attributes(field, check))]
pub fn from_fields(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    implement(&input).unwrap_or_else(Error::into_compile_error).into()
}

fn implement(input: &DeriveInput) -> Result<TokenStream> {
    let Data::Struct(DataStruct { fields: Fields::Named(fields), .. }) = &input.data else {
        return Err(Error::new_spanned(
            &input.ident,
            "only a struct with named fields can be read from fields",
        ));
    };
    let reads = fields.named.iter().map(read).collect::<Result<Vec<_>>>()?;
    let checks = input.attrs.iter().filter(|attribute| attribute.path().is_ident("check"));
    let checks = checks.map(|attribute| check(&attribute.parse_args()?)).collect::<Result<Vec<_>>>()?;
    let (name, fields) = (&input.ident, fields.named.iter().map(|field| &field.ident));
    Ok(quote! {
        #[automatically_derived]
        impl ::shared::input::FromFields for #name {
            fn from_fields(__fields: &mut ::shared::input::Fields<'_>) -> ::core::option::Option<Self> {
                #(#reads)*
                #(#checks)*
                ::core::option::Option::Some(Self { #(#fields: #fields?),* })
            }
        }
    })
}

/// Reads one field into a variable of its name.
fn read(field: &Field) -> Result<TokenStream> {
    let (name, of_type) = (&field.ident, &field.ty);
    let mut key: Option<LitStr> = None;
    let mut default: Option<Expr> = None;
    let mut flatten = false;
    for attribute in field.attrs.iter().filter(|attribute| attribute.path().is_ident("field")) {
        attribute.parse_nested_meta(|meta| {
            match &meta.path {
                path if path.is_ident("rename") => key = Some(meta.value()?.parse()?),
                path if path.is_ident("default") => default = Some(meta.value()?.parse()?),
                path if path.is_ident("flatten") => flatten = true,
                _ => return Err(meta.error("it is rename, default or flatten")),
            }
            Ok(())
        })?;
    }
    let key: Expr = match key {
        Some(key) => parse_quote!(#key),
        None => parse_quote!(stringify!(#name)),
    };
    let value = match default {
        _ if flatten => quote!(::shared::input::FromFields::from_fields(__fields)),
        Some(default) => quote!(__fields.field_or(#key, #default)),
        None => quote!(__fields.field(#key)),
    };
    Ok(quote!(let #name: ::core::option::Option<#of_type> = #value;))
}

/// Notes what a function says of several fields, where each of them could be read.
fn check(ExprCall { func, args, .. }: &ExprCall) -> Result<TokenStream> {
    let fields: Vec<_> = args.iter().collect();
    Ok(quote! {
        if let (#(::core::option::Option::Some(#fields),)*) = (#(&#fields,)*)
            && let ::core::result::Result::Err(problem) = #func(#(#fields),*)
        {
            __fields.note(problem);
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_read_is_refused_while_compiling() {
        for (input, refusal) in [
            (
                parse_quote!(
                    struct Pair(Uuid, Uuid);
                ),
                "only a struct with named fields",
            ),
            (
                parse_quote!(
                    enum Answer {
                        Yes,
                        No,
                    }
                ),
                "only a struct with named fields",
            ),
            (
                parse_quote!(
                    struct Visit {
                        #[field(skip)]
                        id: Uuid,
                    }
                ),
                "rename, default or flatten",
            ),
            (
                parse_quote!(
                    struct Visit {
                        #[field(default)]
                        id: Uuid,
                    }
                ),
                "expected `=`",
            ),
            (
                parse_quote!(
                    #[check(is_open)]
                    struct Visit {
                        id: Uuid,
                    }
                ),
                "expected function call",
            ),
        ] {
            let input: DeriveInput = input;
            let told = implement(&input).unwrap_err().to_string();
            assert!(told.contains(refusal), "{told}");
        }
    }
}
