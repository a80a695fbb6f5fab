package main

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Boat is a custom resource: how many sail, and how many are on board.
type Boat struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec   BoatSpec   `json:"spec,omitempty"`
	Status BoatStatus `json:"status,omitempty"`
}

type BoatSpec struct {
	Crew  int32  `json:"crew"`
	Image string `json:"image"`
}

type BoatStatus struct {
	OnBoard    int32              `json:"onBoard"`
	Conditions []metav1.Condition `json:"conditions,omitempty"`
}

type BoatList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`

	Items []Boat `json:"items"`
}

var groupVersion = schema.GroupVersion{Group: "sea.example.com", Version: "v1"}

func addBoats(scheme *runtime.Scheme) {
	scheme.AddKnownTypes(groupVersion, &Boat{}, &BoatList{})
	metav1.AddToGroupVersion(scheme, groupVersion)
}

func (in *Boat) DeepCopyObject() runtime.Object {
	out := *in
	in.ObjectMeta.DeepCopyInto(&out.ObjectMeta)
	out.Status.Conditions = append([]metav1.Condition(nil), in.Status.Conditions...)
	return &out
}

func (in *BoatList) DeepCopyObject() runtime.Object {
	out := *in
	in.ListMeta.DeepCopyInto(&out.ListMeta)
	out.Items = nil
	for index := range in.Items {
		out.Items = append(out.Items, *in.Items[index].DeepCopyObject().(*Boat))
	}
	return &out
}
